# The multiplayer peer in two branches of one tree: RPC of 1 MB, ends, calls that are wrong.
# names: NetworkingSockets
extends SceneTree

var t := preload("res://harness.gd").new()

class Talker extends Node:
	var got := PackedByteArray()
	@rpc("any_peer", "reliable", "call_remote", 2)
	func big(data: PackedByteArray) -> void:
		got = data

func branch(which: String) -> Talker:
	var top := Node.new()
	top.name = which
	root.add_child(top)
	var child := Talker.new()
	child.name = "N"
	top.add_child(child)
	var api := SceneMultiplayer.new()
	api.root_path = top.get_path()
	set_multiplayer(api, top.get_path())
	return child

func wait(holds: Callable, what: String) -> void:
	var begin := Time.get_ticks_msec()
	while not holds.call() and Time.get_ticks_msec() - begin < 20000:
		await process_frame
	t.check(holds.call(), what)

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	var a := branch("A")
	var b := branch("B")
	hostile()
	var port := 20000 + randi() % 20000
	var server := NetworkingSocketsMultiplayerPeer.new()
	for attempt in 100:
		if server.create_server(port) == OK:
			break
		port += 1
	t.check(server.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED, "a port is free")
	t.errors()
	var client := NetworkingSocketsMultiplayerPeer.new()
	t.same(client.create_client("127.0.0.1", port), OK, "create_client")
	a.multiplayer.multiplayer_peer = server
	b.multiplayer.multiplayer_peer = client
	await wait(func() -> bool: return b.multiplayer.get_peers().has(1) and a.multiplayer.get_peers().size() == 1, "connected")
	var data := PackedByteArray()
	data.resize(1000000)
	data.fill(7)
	b.big.rpc_id(1, data)
	await wait(func() -> bool: return a.got == data, "1 MB arrives")
	t.check(client.get_peer_statistics(1).has("ping"), "statistics")
	t.same(client.get_peer_port(1), port, "port")
	t.check(client.get_connection_handle(1) != 0, "handle")
	var gone := [0]
	b.multiplayer.server_disconnected.connect(func() -> void: gone[0] += 1)
	server.disconnect_peer(client.get_unique_id())
	await wait(func() -> bool: return gone[0] == 1, "server_disconnected")
	t.same(client.get_last_disconnect_reason(), 1101, "reason")
	a.multiplayer.multiplayer_peer = null
	b.multiplayer.multiplayer_peer = null
	server.close()
	t.no_error("a session")
	t.finish(self)

func hostile() -> void:
	var peer := NetworkingSocketsMultiplayerPeer.new()
	t.errors()
	t.same(peer.create_server(0), ERR_INVALID_PARAMETER, "port 0")
	t.one_error("create_server: ", "port 0")
	t.same(peer.create_client("nonsense", 5), ERR_INVALID_PARAMETER, "no address")
	t.one_error("create_client: ", "no address")
	peer.transfer_channel = 64
	t.one_error("set_transfer_channel: ", "channel 64")
	t.same(peer.transfer_channel, 0, "channel stays")
	t.same(peer.put_packet(PackedByteArray([1])), ERR_UNCONFIGURED, "put_packet before create")
	t.one_error("put_packet: ", "before create")
	peer.disconnect_peer(5)
	t.one_error("disconnect_peer: ", "nobody")
	peer.close()
	peer.poll()
	t.no_error("close and poll of nothing")
