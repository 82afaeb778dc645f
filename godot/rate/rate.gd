# How many messages of 64 bytes a script gets through, and what of that is the script's own cost. Started by
# `./x godot rate`, which reads the lines that begin with ROW.
extends SceneTree

const RELIABLE := 8
const UNRELIABLE := 0
const RATE := 0x10000000
const PATIENCE_MS := 10000

const Sockets := preload("res://sockets.gd")
const Peers := preload("res://peers.gd")
const Rpcs := preload("res://rpcs.gd")

var rounds := 1
var usec := 100000
var window := 2048
var rows: Array[Dictionary] = []
var problems := 0

func _initialize() -> void:
	for word in OS.get_cmdline_user_args():
		if word.begins_with("--rounds="):
			rounds = int(word.get_slice("=", 1))
		elif word.begins_with("--ms="):
			usec = int(word.get_slice("=", 1)) * 1000
		elif word.begins_with("--window="):
			window = int(word.get_slice("=", 1))
	run()

func run() -> void:
	await process_frame
	sockets_rows()
	peer_rows()
	rpc_rows()
	for number in rounds:
		for at in rows.size():
			print("round %d of %d: %s" % [number + 1, rounds, rows[at].name])
			measure(number, rows[at])
	print("RESULT problems=%d" % problems)
	quit(0 if problems == 0 else 1)

func stop(why: String) -> void:
	problems += 1
	print("PROBLEM ", why)

func measure(number: int, row: Dictionary) -> void:
	var cpu := cpu_ticks()
	var count: Dictionary = row.run.call()
	if count.is_empty():
		return stop(row.name)
	count.cpu_ticks = cpu_ticks() - cpu
	count.row = row.name
	count.part = row.part
	count.round = number
	count.reliable = row.reliable
	print("ROW ", JSON.stringify(count))

# Processor time of this process so far, in hundredths of a second; 0 where there is no such file.
func cpu_ticks() -> int:
	var file := FileAccess.open("/proc/self/stat", FileAccess.READ) if OS.has_feature("linux") else null
	var words := file.get_line().get_slice(") ", 1).split(" ") if file != null else PackedStringArray()
	return int(words[11]) + int(words[12]) if words.size() > 12 else 0

func add(name: String, part: String, reliable: bool, callable: Callable) -> void:
	rows.append({ "name": name, "part": part, "reliable": reliable, "run": callable })

# The loop's figures after it ran.
func ran(loop: RefCounted, begin_loop: Callable) -> Dictionary:
	loop.window = window
	begin_loop.call()
	if loop.bytes != 64 * loop.arrived:
		stop("%d bytes in %d messages" % [loop.bytes, loop.arrived])
		return {}
	return { "sent": loop.sent, "arrived": loop.arrived, "refused": loop.refused, "usec": loop.last_arrival - loop.begin }

# A copy of a script with other words in it.
func copy(script: GDScript, changes: Dictionary) -> RefCounted:
	var made := GDScript.new()
	made.source_code = script.source_code
	for word: String in changes:
		made.source_code = made.source_code.replace(word, changes[word])
	if made.reload() != OK:
		stop("the copy of " + script.resource_path)
	return made.new()

func sockets_rows() -> void:
	var real := connected_sockets()
	var grouped := connected_sockets()
	grouped.group = grouped.into.createPollGroup()
	grouped.into.setConnectionPollGroup(grouped.to, grouped.group)
	var loops := { "whole": real }
	for part: String in { "script": 0, "binding": 0 }:
		var name := "NetworkingSocketsIdle" if part == "script" else "NetworkingSocketsEcho"
		loops[part] = copy(Sockets, { "NetworkingSocketsContext": name })
		loops[part].out = ClassDB.instantiate(name)
		loops[part].into = loops[part].out
	for reliable: bool in [true, false]:
		var flags := RELIABLE if reliable else UNRELIABLE
		for part: String in loops:
			if part != "whole" and not reliable:
				continue
			var loop: RefCounted = loops[part]
			add("one by one", part, reliable, ran.bind(loop, func() -> void: loop.one_by_one(flags, usec)))
			var other: RefCounted = grouped if part == "whole" else loop
			add("one by one, poll group", part, reliable, ran.bind(other, func() -> void: other.one_by_one_group(flags, usec)))
			add("sendMessages", part, reliable, ran.bind(loop, func() -> void: loop.copies(flags, usec)))
			add("sendMessagesArray", part, reliable, ran.bind(loop, func() -> void: loop.lists(flags, usec)))
		var echo: Object = loops.binding.out
		add("Rust alone", "whole", reliable,
			func() -> Dictionary: return echo.alone(flags, Sockets.BATCH, window, usec / 1000))

func connected_sockets() -> Sockets:
	var loop := Sockets.new()
	var options := [
		[NetworkingSockets.NETWORKING_CONFIG_SEND_RATE_MIN, 1, RATE],
		[NetworkingSockets.NETWORKING_CONFIG_SEND_RATE_MAX, 1, RATE],
		[NetworkingSockets.NETWORKING_CONFIG_RECV_BUFFER_SIZE, 1, 4 << 20],
		[NetworkingSockets.NETWORKING_CONFIG_RECV_BUFFER_MESSAGES, 1, 16 << 10],
	]
	loop.out = NetworkingSocketsContext.new()
	loop.into = NetworkingSocketsContext.new()
	loop.into.network_connection_status_changed.connect(accept.bind(loop))
	var port := free_port()
	loop.into.createListenSocketIP("127.0.0.1:%d" % port, options)
	loop.from = loop.out.connectByIPAddress("127.0.0.1:%d" % port, options)
	var start := Time.get_ticks_msec()
	while Time.get_ticks_msec() - start < PATIENCE_MS:
		loop.into.run_callbacks()
		loop.out.run_callbacks()
		if loop.to != 0 and loop.out.getConnectionInfo(loop.from).connection_state == NetworkingSockets.CONNECTION_STATE_CONNECTED:
			loop.into.network_connection_status_changed.disconnect(accept)
			return loop
		OS.delay_usec(500)
	stop("no connection")
	return loop

func accept(handle: int, info: Dictionary, _old: int, loop: Sockets) -> void:
	if info.connection_state == NetworkingSockets.CONNECTION_STATE_CONNECTING:
		loop.into.acceptConnection(handle)
		loop.to = handle

func free_port() -> int:
	var probe := PacketPeerUDP.new()
	probe.bind(0, "127.0.0.1")
	return probe.get_local_port()

func peer_rows() -> void:
	var ours := connected_peers(NetworkingSocketsMultiplayerPeer.new(), NetworkingSocketsMultiplayerPeer.new())
	var enet := connected_peers(ENetMultiplayerPeer.new(), ENetMultiplayerPeer.new())
	var idle := copy(Peers, { "receiver.get_available_packet_count() > 0": "receiver.get_available_packet_count() + count < sent - arrived" })
	idle.sender = OfflineMultiplayerPeer.new()
	idle.receiver = idle.sender
	add("multiplayer peer", "script", true, ran_idle.bind(idle))
	for reliable: bool in [true, false]:
		add("multiplayer peer", "whole", reliable, ran_peers.bind(ours, reliable))
		add("ENetMultiplayerPeer", "whole", reliable, ran_peers.bind(enet, reliable))

# RPCs from one branch of the tree to another. Nobody else polls them.
func rpc_rows() -> void:
	multiplayer_poll = false
	var ours := connected_rpcs("Ours", NetworkingSocketsMultiplayerPeer.new(), NetworkingSocketsMultiplayerPeer.new())
	var enet := connected_rpcs("ENet", ENetMultiplayerPeer.new(), ENetMultiplayerPeer.new())
	for reliable: bool in [true, false]:
		add("RPC", "whole", reliable, ran.bind(ours, func() -> void: ours.calls(reliable, usec)))
		add("RPC, ENetMultiplayerPeer", "whole", reliable, ran.bind(enet, func() -> void: enet.calls(reliable, usec)))

func connected_rpcs(name: String, server: MultiplayerPeer, client: MultiplayerPeer) -> Rpcs:
	var loop := Rpcs.new()
	loop.called = branch(name + "Server")
	loop.caller = branch(name + "Client")
	var port := free_port()
	if server.create_server(port) != OK or client.create_client("127.0.0.1", port) != OK:
		stop("no peers for RPCs")
	var apis: Array[SceneMultiplayer] = [loop.called.multiplayer, loop.caller.multiplayer]
	apis[0].multiplayer_peer = server
	apis[1].multiplayer_peer = client
	var start := Time.get_ticks_msec()
	while apis[0].get_peers().is_empty() or apis[1].get_peers().is_empty():
		if Time.get_ticks_msec() - start > PATIENCE_MS:
			stop("peers for RPCs do not meet")
			break
		apis[0].poll()
		apis[1].poll()
		OS.delay_usec(500)
	return loop

func branch(name: String) -> Rpcs.Called:
	var top := Node.new()
	top.name = name
	root.add_child(top)
	var api := SceneMultiplayer.new()
	api.root_path = top.get_path()
	set_multiplayer(api, top.get_path())
	var node := Rpcs.Called.new()
	node.name = "N"
	top.add_child(node)
	return node

func ran_peers(loop: Peers, reliable: bool) -> Dictionary:
	var mode := MultiplayerPeer.TRANSFER_MODE_RELIABLE if reliable else MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	loop.sender.transfer_mode = mode
	return ran(loop, func() -> void: loop.packets(usec))

# Its packets have no bytes.
func ran_idle(loop: RefCounted) -> Dictionary:
	loop.window = window
	loop.packets(usec)
	return { "sent": loop.sent, "arrived": loop.arrived, "refused": loop.refused, "usec": loop.last_arrival - loop.begin }

func connected_peers(server: MultiplayerPeer, client: MultiplayerPeer) -> Peers:
	var loop := Peers.new()
	loop.sender = client
	loop.receiver = server
	var port := free_port()
	if server.create_server(port) != OK or client.create_client("127.0.0.1", port) != OK:
		stop("no peers")
	var met := [0]
	var meet := func(_id: int) -> void: met[0] += 1
	server.peer_connected.connect(meet)
	var start := Time.get_ticks_msec()
	while Time.get_ticks_msec() - start < PATIENCE_MS:
		server.poll()
		client.poll()
		if met[0] == 1 and client.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED:
			break
		OS.delay_usec(500)
	server.peer_connected.disconnect(meet)
	if met[0] != 1:
		stop("peers do not meet")
	client.set_target_peer(1)
	return loop
