# The loop over multiplayer peers; copies of it as of sockets.gd.
extends "res://sockets.gd"

var sender: MultiplayerPeer
var receiver: MultiplayerPeer

func packets(usec: int) -> void:
	start()
	while true:
		var sending := Time.get_ticks_usec() - begin < usec
		if sending and has_room():
			for n in BATCH:
				if sender.put_packet(data) != OK:
					refused += 1
			sent += BATCH
		sender.poll()
		receiver.poll()
		var count := 0
		while receiver.get_available_packet_count() > 0:
			bytes += receiver.get_packet().size()
			count += 1
		note(count)
		if not sending and is_through():
			return
