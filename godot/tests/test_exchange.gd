# A program in C on the C library and this extension send each other messages, each of them once as server and once as
# client, through the functions of the singleton. (The multiplayer peer greets its own kind and is no part of this.)
# needs: exchange
# limit: 60
extends SceneTree

# What both ends know about messages stands in c/exchange.c.
const COUNT := 100
const HEADER := 5
const LARGE := 100000
const WAITING_MAX := 10
const SEND_RELIABLE := 8
const PATIENCE_MS := 15000
const THEIR_END := [1042, "C sagt Tschüss"]
const OUR_END := [1777, "Godot 说再见"]

var t := preload("res://harness.gd").new()
var program := OS.get_environment("GAMESOCKETS_EXCHANGE")

# Of the exchange that runs.
var serves := false
var connection := 0
var group := 0
var connected := false
var end := []
var others_done := false
var sent := {}
var received := {}
var wrong: Array[String] = []
var process := {}
var said := ""

func _initialize() -> void:
	if not t.check(FileAccess.file_exists(program), "the variable GAMESOCKETS_EXCHANGE names the program"):
		return t.finish(self)
	NetworkingSockets.setGenericString("me", "in-godot")
	NetworkingSockets.resetIdentity("me")
	NetworkingSockets.network_connection_status_changed.connect(_on_status_changed)
	run()

func run() -> void:
	await process_frame
	for godot_serves: bool in [false, true]:
		for godot_closes: bool in [false, true]:
			await exchange(godot_serves, godot_closes)
	NetworkingSockets.network_connection_status_changed.disconnect(_on_status_changed)
	t.no_error("four exchanges")
	t.finish(self)

func exchange(godot_serves: bool, godot_closes: bool) -> void:
	var about := "Godot %s and %s" % ["serves" if godot_serves else "asks", "closes" if godot_closes else "waits"]
	serves = godot_serves
	connection = 0
	connected = false
	end = []
	others_done = false
	sent = { "r": 0, "u": 0 }
	received = { "r": {}, "u": {} }
	wrong = []
	var listener := await begin(godot_closes)
	t.check(await until(func() -> bool: return connected), about + ": connected")
	t.same(NetworkingSockets.getConnectionInfo(connection).get("identity"), "str:in-c", about + ": who it is")
	t.check(await until(is_done), about + ": all messages there and back")
	for kind: String in ["r", "u"]:
		t.same(received[kind].size(), COUNT, "%s: received %s" % [about, kind])
	t.same(wrong, [] as Array[String], about + ": every message as it was sent")
	if not serves:
		send("x".to_utf8_buffer(), SEND_RELIABLE)
	if godot_closes:
		t.same(NetworkingSockets.closeConnection(connection, OUR_END[0], OUR_END[1], true), true, about + ": close")
	else:
		t.check(await until(func() -> bool: return end != []), about + ": the end is told")
		t.same(end, [NetworkingSockets.CONNECTION_STATE_CLOSED_BY_PEER] + THEIR_END, about + ": their reason")
		t.same(NetworkingSockets.closeConnection(connection, 0, "", false), true, about + ": close")
	await their_words(godot_closes, about)
	if serves:
		NetworkingSockets.destroyPollGroup(group)
		t.same(NetworkingSockets.closeListenSocket(listener), true, about + ": closeListenSocket")

# Starts the program and, on one of the sides, the connection. Returns the listen socket, if it is ours.
func begin(godot_closes: bool) -> int:
	var port := free_port()
	var listener := 0
	if serves:
		group = NetworkingSockets.createPollGroup()
		listener = NetworkingSockets.createListenSocketIP("127.0.0.1:%d" % port, [])
		t.check(listener != 0, "a port to listen at")
	var words := ["client" if serves else "server", str(port), "waits" if godot_closes else "closes", str(COUNT)]
	process = OS.execute_with_pipe(program, words, false)
	said = ""
	t.check(await until(func() -> bool: return hear().contains("begun\n")), "the program in C begins: " + said)
	if not serves:
		connection = NetworkingSockets.connectByIPAddress("127.0.0.1:%d" % port, [])
		t.check(connection != 0, "connectByIPAddress")
	return listener

func free_port() -> int:
	var probe := PacketPeerUDP.new()
	probe.bind(0, "127.0.0.1")
	var port := probe.get_local_port()
	probe.close()
	return port

func until(holds: Callable) -> bool:
	var start := Time.get_ticks_msec()
	while not holds.call():
		if Time.get_ticks_msec() - start > PATIENCE_MS:
			return false
		await process_frame
	return true

# What the program has said so far.
func hear() -> String:
	said += process.stdio.get_buffer(4096).get_string_from_utf8()
	return said

# The program's end, and what it has to say about us.
func their_words(godot_closes: bool, about: String) -> void:
	var ended := await until(func() -> bool: return not OS.is_process_running(process.pid))
	if not t.check(ended, about + ": the program ends"):
		OS.kill(process.pid)
	hear()
	t.same(OS.get_process_exit_code(process.pid), 0, about + ": the program is content")
	var wanted := ["begun", "connected to str:in-godot"]
	if godot_closes:
		wanted.append("ended: state 4, reason %d: %s" % OUR_END)
	wanted.append("received %d reliable, %d unreliable, 0 wrong" % [COUNT, COUNT])
	t.same(said.strip_edges().split("\n"), PackedStringArray(wanted), about + ": the program's words")

func is_done() -> bool:
	if connected:
		receive()
		if not serves and end == []:
			ask()
	return others_done if serves else received.r.size() == COUNT and received.u.size() == COUNT

func ask() -> void:
	for kind: String in ["r", "u"]:
		while sent[kind] < COUNT and sent[kind] - received[kind].size() < WAITING_MAX:
			send(compose(kind, sent[kind]), flag_of(kind))
			sent[kind] += 1

func receive() -> void:
	var messages: Array
	if serves:
		messages = NetworkingSockets.receiveMessagesOnPollGroup(group, 64)
	else:
		messages = NetworkingSockets.receiveMessagesOnConnection(connection, 64)
	for message: Dictionary in messages:
		if serves and message.payload_string == "x":
			others_done = true
		else:
			take(message)

func take(message: Dictionary) -> void:
	var data: PackedByteArray = message.payload
	if data.size() < HEADER:
		return wrong.append("too short: %s" % data)
	var letter := char(data[0])
	var kind := letter if serves else letter.to_lower()
	var number := data.decode_s32(1)
	var about := "%s %d: " % [letter, number]
	if kind != "r" and kind != "u" or letter == (kind.to_upper() if serves else kind):
		return wrong.append(about + "unknown")
	if data != compose(letter, number) or message.size != data.size():
		wrong.append(about + "content")
	if message.flags != flag_of(kind):
		wrong.append(about + "flags %d" % message.flags)
	if message.connection != connection or message.identity != "str:in-c":
		wrong.append(about + "from %s" % message.identity)
	if received[kind].has(number) or kind == "r" and number != received.r.size():
		wrong.append(about + "order")
	received[kind][number] = true
	if serves:
		send(compose(kind.to_upper(), number), flag_of(kind))

func flag_of(kind: String) -> int:
	return SEND_RELIABLE if kind == "r" else 0

func send(data: PackedByteArray, flag: int) -> void:
	var no_nagle := NetworkingSockets.NETWORKING_SEND_NO_NAGLE
	var answer: Dictionary = NetworkingSockets.sendMessageToConnection(connection, data, flag | no_nagle)
	if answer.result != 1:
		wrong.append("not taken: %s" % answer)

func compose(letter: String, number: int) -> PackedByteArray:
	var data := PackedByteArray()
	var first := letter.unicode_at(0)
	data.resize(LARGE if number == 50 and letter.to_lower() == "r" else HEADER + number * 97 % 1200)
	data[0] = first
	data.encode_s32(1, number)
	for at in range(HEADER, data.size()):
		data[at] = (first + number * 31 + at * 7) & 255
	return data

func _on_status_changed(handle: int, info: Dictionary, _old: int) -> void:
	match info.connection_state:
		NetworkingSockets.CONNECTION_STATE_CONNECTING when info.listen_socket != 0:
			connection = handle
			NetworkingSockets.acceptConnection(handle)
			NetworkingSockets.setConnectionPollGroup(handle, group)
		NetworkingSockets.CONNECTION_STATE_CONNECTED:
			connected = true
		NetworkingSockets.CONNECTION_STATE_CLOSED_BY_PEER, \
		NetworkingSockets.CONNECTION_STATE_PROBLEM_DETECTED_LOCALLY:
			end = [info.connection_state, info.end_reason_code, info.end_debug]
