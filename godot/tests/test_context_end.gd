# A context that goes: what was promised arrives, others are told, and its port is free for the next one.
extends SceneTree

const RELIABLE := 8
const ROUNDS := 20

var t := preload("res://harness.gd").new()
var address := ""
var ends: Dictionary = {}
var accepted := 0


func _initialize() -> void:
	run()


func run() -> void:
	await process_frame
	NetworkingSockets.network_connection_status_changed.connect(_on_status)
	var threads := threads_of_process()
	await promise()
	await others()
	await ports()
	NetworkingSockets.network_connection_status_changed.disconnect(_on_status)
	await until(func() -> bool: return NetworkingSocketsMonitor.new().contexts().size() == 1, "contexts are gone")
	# The singleton has started threads of its own since then.
	await until(func() -> bool: return threads_of_process() <= threads + 2, "threads are gone")
	t.no_error("contexts that go")
	t.finish(self)


func _on_status(connection: int, info: Dictionary, _old: int) -> void:
	if info.connection_state == NetworkingSockets.CONNECTION_STATE_CONNECTING and info.listen_socket != 0:
		NetworkingSockets.acceptConnection(connection)
		accepted = connection
	elif info.connection_state in [4, 5]:
		ends[connection] = [info.end_reason_code, info.end_debug]


func until(holds: Callable, what: String) -> void:
	var begin := Time.get_ticks_msec()
	while not holds.call() and Time.get_ticks_msec() - begin < 20000:
		await process_frame
	t.check(holds.call(), what)


func threads_of_process() -> int:
	for line in FileAccess.get_file_as_string("/proc/self/status").split("\n"):
		if line.begins_with("Threads:"):
			return line.get_slice(":", 1).strip_edges().to_int()
	return 0


# Listens at a free port with the singleton, or with a context.
func listen(sockets: Object) -> int:
	var port := 20000 + randi() % 20000
	for attempt in 100:
		address = "127.0.0.1:%d" % (port + attempt)
		var socket: int = sockets.call("createListenSocketIP", address, [])
		if socket:
			t.errors()
			return socket
	t.errors()
	return 0


# What was sent before the end arrives, although nobody is left to send it.
func promise() -> void:
	var socket := listen(NetworkingSockets)
	t.check(socket != 0, "listening")
	var context := NetworkingSocketsContext.new()
	var connection := context.connectByIPAddress(address, [])
	await until(func() -> bool: return context.getConnectionInfo(connection).connection_state == 3, "connected")
	var data := PackedByteArray()
	data.resize(300000)
	data.fill(7)
	t.same(context.sendMessageToConnection(connection, data, RELIABLE).result, 1, "sent")
	t.same(context.closeConnection(connection, 1004, "all said", true), true, "closed")
	context = null
	await until(func() -> bool: return ends.has(accepted), "the end arrives")
	var messages := NetworkingSockets.receiveMessagesOnConnection(accepted, 2)
	t.check(messages.size() == 1 and messages[0].payload == data, "all of it arrived before")
	t.same(ends.get(accepted), [1004, "all said"], "why it ended")
	NetworkingSockets.closeConnection(accepted, 0, "", false)
	NetworkingSockets.closeListenSocket(socket)


# Connections that nobody closed end with the context.
func others() -> void:
	var socket := listen(NetworkingSockets)
	var context := NetworkingSocketsContext.new()
	var connection := context.connectByIPAddress(address, [])
	await until(func() -> bool: return context.getConnectionInfo(connection).connection_state == 3, "connected")
	ends.clear()
	context = null
	await until(func() -> bool: return ends.has(accepted), "the other side is told")
	t.same(ends.get(accepted), [2999, "shutdown"], "that the context went")
	NetworkingSockets.closeConnection(accepted, 0, "", false)
	NetworkingSockets.closeListenSocket(socket)


# One context after the other at the same port, each with somebody connected.
func ports() -> void:
	var context := NetworkingSocketsContext.new()
	t.check(listen(context) != 0, "a port")
	for round in ROUNDS:
		var client := NetworkingSockets.connectByIPAddress(address, [])
		var incoming := [0]
		var accept := func(one: int, info: Dictionary, _old: int) -> void:
			if info.connection_state == 1 and info.listen_socket != 0:
				incoming[0] = one
				context.acceptConnection(one)
		context.network_connection_status_changed.connect(accept)
		await until(func() -> bool: return NetworkingSockets.getConnectionInfo(client).connection_state == 3, "round %d" % round)
		context.network_connection_status_changed.disconnect(accept)
		# It holds the context.
		accept = Callable()
		context.sendMessageToConnection(incoming[0], "bye".to_utf8_buffer(), RELIABLE)
		context.closeConnection(incoming[0], 1000, "", true)
		context = NetworkingSocketsContext.new()
		t.check(context.createListenSocketIP(address, []) != 0, "the port is free again")
		NetworkingSockets.closeConnection(client, 0, "", false)
