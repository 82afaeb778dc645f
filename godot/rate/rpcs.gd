# The loop over RPCs from one tree of nodes to another.
extends "res://sockets.gd"

# A node that is called.
class Called extends Node:
	var count := 0
	var bytes := 0

	@rpc("any_peer", "reliable")
	func reliable(message: PackedByteArray) -> void:
		count += 1
		bytes += message.size()

	@rpc("any_peer", "unreliable")
	func unreliable(message: PackedByteArray) -> void:
		count += 1
		bytes += message.size()

var caller: Called
var called: Called

func calls(is_reliable: bool, usec: int) -> void:
	start()
	called.count = 0
	called.bytes = 0
	while true:
		var sending := Time.get_ticks_usec() - begin < usec
		if sending and has_room():
			for n in BATCH:
				if is_reliable:
					caller.reliable.rpc_id(1, data)
				else:
					caller.unreliable.rpc_id(1, data)
			sent += BATCH
		(caller.multiplayer as SceneMultiplayer).poll()
		(called.multiplayer as SceneMultiplayer).poll()
		note(called.count - arrived)
		bytes = called.bytes
		if not sending and is_through():
			return
