# What the scripts about the multiplayer peer share: branches of the tree as if they were processes, what they were told.
extends RefCounted

# A node with RPCs.
class Talker extends Node:
	signal called(text: String)
	var heard: Array = []
	var bytes := PackedByteArray()

	@rpc("any_peer", "call_remote", "reliable")
	func say(text: String) -> void:
		heard.append([multiplayer.get_remote_sender_id(), text])
		called.emit(text)

	@rpc("any_peer", "call_remote", "reliable", 2)
	func big(data: PackedByteArray) -> void:
		bytes = data
		heard.append([multiplayer.get_remote_sender_id(), data.size()])

# A part of the tree with a multiplayer of its own, and every signal that it emitted.
class Branch extends Node:
	var api := SceneMultiplayer.new()
	var talker := Talker.new()
	var told: Array[String] = []

	func _init(title: String) -> void:
		name = title
		talker.name = "Talker"
		add_child(talker)
		api.connected_to_server.connect(func() -> void: told.append("connected_to_server"))
		api.connection_failed.connect(func() -> void: told.append("connection_failed"))
		api.server_disconnected.connect(func() -> void: told.append("server_disconnected"))
		api.peer_connected.connect(func(id: int) -> void: told.append("peer_connected %d" % id))
		api.peer_disconnected.connect(func(id: int) -> void: told.append("peer_disconnected %d" % id))

	func start(tree: SceneTree) -> void:
		tree.root.add_child(self)
		api.root_path = get_path()
		tree.set_multiplayer(api, get_path())

	func end(tree: SceneTree) -> void:
		api.multiplayer_peer = null
		tree.set_multiplayer(null, get_path())
		queue_free()

	func id() -> int:
		return api.get_unique_id()

	# What was told, with names in place of unique ids, and forgets it.
	func take(names: Dictionary = {}) -> Array[String]:
		var out: Array[String] = []
		for line in told:
			var parts := line.split(" ")
			if parts.size() == 2:
				line = "%s %s" % [parts[0], names.get(int(parts[1]), "?")]
			out.append(line)
		told.clear()
		return out

var t: RefCounted
var tree: SceneTree
# Below those that systems give to clients.
var port := 20000 + randi() % 12000

func _init(harness: RefCounted, scene_tree: SceneTree) -> void:
	t = harness
	tree = scene_tree

func branch(title: String) -> Branch:
	var made := Branch.new(title)
	made.start(tree)
	return made

# Until something holds, which is a check.
func wait(holds: Callable, what: String) -> bool:
	var begin := Time.get_ticks_msec()
	while not holds.call() and Time.get_ticks_msec() - begin < 20000:
		await tree.process_frame
	return t.check(holds.call(), what)

func frames(count: int) -> void:
	for n in count:
		await tree.process_frame

# A server at the next port that is free.
func server(clients: int = 32, options: Array = []) -> NetworkingSocketsMultiplayerPeer:
	var peer := NetworkingSocketsMultiplayerPeer.new()
	for attempt in 100:
		port += 1
		if peer.create_server(port, clients, "127.0.0.1", options) == OK:
			t.errors()
			return peer
		# Taken by somebody else, which was an error line.
		t.errors()
	t.check(false, "a port is free")
	return peer

func client(options: Array = []) -> NetworkingSocketsMultiplayerPeer:
	var peer := NetworkingSocketsMultiplayerPeer.new()
	t.same(peer.create_client("127.0.0.1", port, options), OK, "create_client")
	return peer

# The same with the engine's own peer, to compare with.
func enet_server(clients: int = 32) -> ENetMultiplayerPeer:
	var peer := ENetMultiplayerPeer.new()
	peer.set_bind_ip("127.0.0.1")
	for attempt in 100:
		port += 1
		if peer.create_server(port, clients) == OK:
			t.errors()
			return peer
		t.errors()
	t.check(false, "a port is free")
	return peer

func enet_client() -> ENetMultiplayerPeer:
	var peer := ENetMultiplayerPeer.new()
	t.same(peer.create_client("127.0.0.1", port), OK, "create_client of ENet")
	return peer
