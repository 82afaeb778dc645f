# Quitting with multiplayer peers connected, in two branches of the tree, and one outside of it.
# names: NetworkingSockets
extends SceneTree

var t := preload("res://harness.gd").new()
var outside := NetworkingSocketsMultiplayerPeer.new()

func branch(which: String) -> SceneMultiplayer:
	var top := Node.new()
	top.name = which
	root.add_child(top)
	var api := SceneMultiplayer.new()
	api.root_path = top.get_path()
	set_multiplayer(api, top.get_path())
	return api

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	var server := NetworkingSocketsMultiplayerPeer.new()
	var port := 0
	while server.get_connection_status() != MultiplayerPeer.CONNECTION_CONNECTED:
		port = 20000 + randi() % 40000
		server.create_server(port)
	t.errors()
	var client := NetworkingSocketsMultiplayerPeer.new()
	t.same(client.create_client("127.0.0.1", port), OK, "a client")
	t.same(outside.create_client("127.0.0.1", port), OK, "another client")
	var a := branch("A")
	var b := branch("B")
	a.multiplayer_peer = server
	b.multiplayer_peer = client
	b.peer_disconnected.connect(func(_id: int) -> void: t.check(false, "nobody is told any more"))
	outside.peer_connected.connect(func(_id: int) -> void: pass)
	var begin := Time.get_ticks_msec()
	while a.get_peers().size() < 2 and Time.get_ticks_msec() - begin < 10000:
		outside.poll()
		await process_frame
	t.same(a.get_peers().size(), 2, "both are there")
	var data := PackedByteArray()
	data.resize(300000)
	b.send_bytes(data, 1, MultiplayerPeer.TRANSFER_MODE_RELIABLE)
	t.no_error("a session")
	t.finish(self)
