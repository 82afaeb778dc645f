# A process that is killed: those who were connected to it hear of it when their time-out is over, once. One that quits
# delivers what it sent before.
# names: NetworkingSockets
extends SceneTree

const TIME_OUT := [[NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_CONNECTED, 1, 1000]]
var t := preload("res://harness.gd").new()
var kit := preload("res://peer_kit.gd").new(t, self)

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	await a_client_is_killed()
	await the_server_is_killed()
	await the_server_quits()
	t.no_error("killed processes")
	t.finish(self)

# Starts this engine once more.
func start(words: Array) -> int:
	var file := FileAccess.open("/proc/self/cmdline", FileAccess.READ)
	var line := file.get_buffer(8192) if file else PackedByteArray()
	var given: Array[String] = []
	var from := 0
	for at in line.size():
		if line[at] == 0:
			given.append(line.slice(from, at).get_string_from_utf8())
			from = at + 1
	# The loader's own arguments, where the engine has one of its own.
	var program := OS.get_executable_path()
	var before: Array[String] = []
	if given.size() > 1:
		program = given[0]
		before = given.slice(1, given.find("--headless"))
	var arguments := before + ["--headless", "--path", ProjectSettings.globalize_path("res://"), "--script", "res://peer_child.gd", "--"]
	for word: Variant in words:
		arguments.append(str(word))
	return OS.create_process(program, arguments)

func a_client_is_killed() -> void:
	var s: Node = kit.branch("S")
	var peer: NetworkingSocketsMultiplayerPeer = kit.server(4, TIME_OUT)
	var ended: Array = []
	peer.peer_ended.connect(func(id: int, why: int, text: String) -> void: ended.append([id, why, text != ""]))
	s.api.multiplayer_peer = peer
	# One that stays.
	var a: Node = kit.branch("A")
	a.api.multiplayer_peer = kit.client()
	await kit.wait(func() -> bool: return s.api.get_peers().size() == 1, "A is there")
	var process := start(["client", kit.port])
	await kit.wait(func() -> bool: return s.api.get_peers().size() == 2 and a.api.get_peers().size() == 2, "the other process is there")
	var others: Array = s.api.get_peers()
	others.erase(a.id())
	s.take()
	a.take()
	OS.kill(process)
	var gone := "peer_disconnected %d" % others[0]
	await kit.wait(func() -> bool: return a.told.has(gone), "everybody is told")
	await kit.frames(5)
	t.same(s.told, [gone] as Array[String], "the server is told once")
	t.same(a.told, [gone] as Array[String], "the other client is told once")
	t.same(ended, [[others[0], 5003, true]], "and why")
	t.same(peer.get_last_disconnect_reason(), 5003, "it stays known")
	t.check(a.api.get_peers().has(1), "A stays")
	s.talker.say.rpc("still there?")
	await kit.wait(func() -> bool: return a.talker.heard.size() == 1, "A hears")
	a.end(self)
	s.end(self)
	await process_frame

func the_server_is_killed() -> void:
	kit.port += 1
	var process := start(["server", kit.port])
	var a: Node = kit.branch("A")
	# It needs some time until it listens.
	for attempt in 20:
		a.api.multiplayer_peer = kit.client(TIME_OUT + [[NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_INITIAL, 1, 2000]])
		while a.api.multiplayer_peer.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTING:
			await process_frame
		if a.api.get_peers().has(1):
			break
	t.check(a.api.get_peers().has(1), "connected")
	a.take()
	OS.kill(process)
	await kit.wait(func() -> bool: return a.told.has("server_disconnected"), "told")
	await kit.frames(5)
	t.same(a.told, ["peer_disconnected 1", "server_disconnected"] as Array[String], "told once")
	t.same(a.api.multiplayer_peer.get_last_disconnect_reason(), 5003, "and why")
	a.end(self)
	await process_frame

func the_server_quits() -> void:
	kit.port += 1
	var process := start(["leaver", kit.port])
	var client: NetworkingSocketsMultiplayerPeer
	for attempt in 20:
		client = kit.client([[NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_INITIAL, 1, 2000]])
		while client.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTING:
			client.poll()
			await process_frame
		if client.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED:
			break
	# It is to leave, and nothing that it says comes through for a while: it has to say it again.
	client.set_target_peer(1)
	client.put_packet(PackedByteArray([1]))
	var monitor := NetworkingSocketsMonitor.new()
	monitor.simulate(0, NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LOSS_RECV, 100.0)
	await kit.frames(40)
	monitor.simulate(0, NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LOSS_RECV, 0.0)
	var packets: Array = []
	await kit.wait(func() -> bool:
		client.poll()
		while client.get_available_packet_count() > 0:
			packets.append(client.get_packet())
		return client.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED, "the end is told")
	t.same(packets, [PackedByteArray([7])], "what was sent before the end arrives")
	t.same(client.get_last_disconnect_reason(), 1100, "it left")
	await kit.wait(func() -> bool: return not OS.is_process_running(process), "the process ends")
	t.same(OS.get_process_exit_code(process), 0, "without a crash")
