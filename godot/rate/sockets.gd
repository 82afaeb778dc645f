# The loops over the functions of the sockets. `rate.gd` also makes copies in which another class stands for the context:
# the same instructions then cost what the script, or the binding, costs alone.
extends RefCounted

const BYTES := 64
const BATCH := 64
# What stays away so long is lost.
const SILENCE_USEC := 50000

var out: NetworkingSocketsContext
var into: NetworkingSocketsContext
# The connection at either end, and the poll group of the receiving one.
var from := 0
var to := 0
var group := 0

# Messages that may be sent and not there yet.
var window := 0
var data := PackedByteArray()
var list: Array[PackedByteArray] = []
var sent := 0
var arrived := 0
var bytes := 0
var refused := 0
var given_up := 0
var begin := 0
var last_arrival := 0
var progress := 0

func start() -> void:
	data.resize(BYTES)
	data.fill(120)
	list.clear()
	for n in BATCH:
		list.append(data.duplicate())
	sent = 0
	arrived = 0
	bytes = 0
	refused = 0
	given_up = 0
	begin = Time.get_ticks_usec()
	last_arrival = begin
	progress = begin

func has_room() -> bool:
	return sent + BATCH <= arrived + given_up + window

# Whether everything arrived or is given up.
func is_through() -> bool:
	return sent <= arrived + given_up

func note(count: int) -> void:
	var now := Time.get_ticks_usec()
	if count > 0:
		arrived += count
		last_arrival = now
		progress = now
	elif now - progress > SILENCE_USEC:
		given_up = sent - arrived
		progress = now

func one_by_one(flags: int, usec: int) -> void:
	start()
	while true:
		var sending := Time.get_ticks_usec() - begin < usec
		if sending and has_room():
			for n in BATCH:
				var answer := out.sendMessageToConnection(from, data, flags)
				if answer.result != 1:
					refused += 1
			sent += BATCH
		var messages := into.receiveMessagesOnConnection(to, BATCH)
		for message: Dictionary in messages:
			bytes += message.payload.size()
		note(messages.size())
		if not sending and is_through():
			return

func one_by_one_group(flags: int, usec: int) -> void:
	start()
	while true:
		var sending := Time.get_ticks_usec() - begin < usec
		if sending and has_room():
			for n in BATCH:
				var answer := out.sendMessageToConnection(from, data, flags)
				if answer.result != 1:
					refused += 1
			sent += BATCH
		var messages := into.receiveMessagesOnPollGroup(group, BATCH)
		for message: Dictionary in messages:
			bytes += message.payload.size()
		note(messages.size())
		if not sending and is_through():
			return

func copies(flags: int, usec: int) -> void:
	start()
	while true:
		var sending := Time.get_ticks_usec() - begin < usec
		if sending and has_room():
			out.sendMessages(BATCH, data, from, flags)
			sent += BATCH
		var messages := into.receiveMessagesOnConnection(to, BATCH)
		for message: Dictionary in messages:
			bytes += message.payload.size()
		note(messages.size())
		if not sending and is_through():
			return

func lists(flags: int, usec: int) -> void:
	start()
	while true:
		var sending := Time.get_ticks_usec() - begin < usec
		if sending and has_room():
			for number: int in out.sendMessagesArray(list, from, flags):
				if number < 1:
					refused += 1
			sent += BATCH
		var messages := into.receiveMessagesOnConnection(to, BATCH)
		for message: Dictionary in messages:
			bytes += message.payload.size()
		note(messages.size())
		if not sending and is_through():
			return
