# The multiplayer peer: creating it, options, host names, a context of the game's, statistics, calls that are wrong.
# names: NetworkingSockets
extends SceneTree

const ROOT := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea x"
const NO_HOST := 2107
const LOOKUPS_MAX := 256

var t := preload("res://harness.gd").new()
var kit := preload("res://peer_kit.gd").new(t, self)
var s: Node
var a: Node

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	hostile()
	wrong_options()
	await session()
	await options()
	await host_names()
	await contexts()
	await trust()
	t.no_error("all of it")
	t.finish(self)

func begin() -> void:
	s = kit.branch("S")
	a = kit.branch("A")

func end() -> void:
	s.end(self)
	a.end(self)
	await process_frame

func met(what: String) -> void:
	await kit.wait(func() -> bool: return a.api.get_peers().has(1) and s.api.get_peers().size() == 1, "%s: connected" % what)

func session() -> void:
	begin()
	var server: NetworkingSocketsMultiplayerPeer = kit.server()
	t.same(server.get_connection_status(), MultiplayerPeer.CONNECTION_CONNECTED, "a server is there at once")
	t.same(server.get_unique_id(), 1, "unique id")
	var client: NetworkingSocketsMultiplayerPeer = kit.client()
	t.same(client.get_connection_status(), MultiplayerPeer.CONNECTION_CONNECTING, "connecting")
	s.api.multiplayer_peer = server
	a.api.multiplayer_peer = client
	await met("session")
	t.same(client.create_client("127.0.0.1", 5), ERR_ALREADY_IN_USE, "in use")
	t.one_error("create_client: ", "in use")
	t.same(client.add_mesh_peer(3, "127.0.0.1", 5), ERR_INVALID_PARAMETER, "no mesh")
	t.one_error("add_mesh_peer: ", "no mesh")
	var statistics := client.get_peer_statistics(1)
	for key in ["ping", "quality_local", "quality_remote", "out_packets_per_second", "out_bytes_per_second", "in_packets_per_second",
			"in_bytes_per_second", "send_rate", "pending_unreliable", "pending_reliable", "sent_unacknowledged_reliable", "queue_time"]:
		t.check(statistics.has(key), "statistics: %s" % key)
	t.check(statistics.get("ping", -1) >= 0, "a ping")
	t.same(client.get_peer_address(1), "127.0.0.1", "address")
	t.same(client.get_peer_port(1), kit.port, "port")
	t.same(server.get_peer_address(a.id()), "127.0.0.1", "address of the client")
	t.check(client.get_connection_handle(1) != 0, "handle")
	t.no_error("a session")
	t.same(client.get_peer_statistics(77), {}, "nobody")
	t.one_error("get_peer_statistics: ", "nobody")
	server.disconnect_peer(a.id())
	await kit.wait(func() -> bool: return a.told.has("server_disconnected"), "server_disconnected")
	t.same(client.get_last_disconnect_reason(), 1101, "reason")
	t.same(client.get_last_disconnect_text(), "disconnected by the other side", "text")
	t.same(server.get_last_disconnect_text(), "disconnected by this side", "text of the other side")
	t.same(client.get_unique_id(), 0, "it is nobody any more")
	t.same(client.create_client("127.0.0.1", kit.port), OK, "the same object once more")
	await kit.frames(2)
	a.api.multiplayer_peer = client
	await met("once more")
	await end()

func hostile() -> void:
	var peer := NetworkingSocketsMultiplayerPeer.new()
	t.errors()
	for port: int in [0, -1, 65536, 9223372036854775807]:
		t.same(peer.create_server(port), ERR_INVALID_PARAMETER, "port %d" % port)
		t.one_error("create_server: ", "port %d" % port)
		t.same(peer.create_client("127.0.0.1", port), ERR_INVALID_PARAMETER, "port %d" % port)
		t.one_error("create_client: ", "port %d" % port)
	for text: String in ["", "no name", "a..b", "1.2.3", "[::1", "x:y", "fe80::1%eth0", "ä"]:
		t.same(peer.create_client(text, 5), ERR_INVALID_PARAMETER, "address `%s`" % text)
		t.one_error("create_client: ", "address `%s`" % text)
		t.same(peer.create_server(5, 1, text), ERR_INVALID_PARAMETER, "bind address `%s`" % text)
		t.one_error("create_server: ", "bind address `%s`" % text)
	t.same(peer.create_server(5, 1, "localhost"), ERR_INVALID_PARAMETER, "a name to listen at")
	t.one_error("create_server: `localhost`", "a name to listen at")
	for count: int in [0, -1, 4096]:
		t.same(peer.create_server(5, count), ERR_INVALID_PARAMETER, "%d clients" % count)
		t.one_error("create_server: ", "%d clients" % count)
	for id: int in [0, -1, 2147483648]:
		t.same(peer.create_mesh(id), ERR_INVALID_PARAMETER, "unique id %d" % id)
		t.one_error("create_mesh: ", "unique id %d" % id)
	t.same(peer.add_mesh_peer(2, "127.0.0.1", 5), ERR_INVALID_PARAMETER, "no mesh yet")
	t.one_error("add_mesh_peer: ", "no mesh yet")
	t.same(peer.create_mesh(1), OK, "a mesh that does not listen")
	for id: int in [0, -1, 1, 4294967297]:
		t.same(peer.add_mesh_peer(id, "127.0.0.1", 5), ERR_INVALID_PARAMETER, "member %d" % id)
		t.one_error("add_mesh_peer: ", "member %d" % id)
	peer.close()
	for channel: int in [64, -1]:
		peer.transfer_channel = channel
		t.one_error("set_transfer_channel: ", "channel %d" % channel)
	t.same(peer.transfer_channel, 0, "channel stays")
	t.same(peer.put_packet(PackedByteArray([1])), ERR_UNCONFIGURED, "put_packet before create")
	t.one_error("put_packet: ", "before create")
	peer.disconnect_peer(5)
	t.one_error("disconnect_peer: ", "nobody")
	for call: Callable in [peer.get_connection_handle, peer.get_peer_port, peer.get_peer_address, peer.get_peer_statistics]:
		call.call(-9223372036854775808)
		t.one_error(str(call.get_method()) + ": ", "nobody")
	t.same(peer.get_unique_id(), 0, "no id")
	t.same(peer.get_last_disconnect_reason(), 0, "nothing ended")
	peer.close()
	peer.poll()
	t.no_error("close and poll of nothing")

func wrong_options() -> void:
	var peer := NetworkingSocketsMultiplayerPeer.new()
	var setting := NetworkingSockets.NETWORKING_CONFIG_SEND_BUFFER_SIZE
	var called := func(_c: int, _i: Dictionary, _o: int) -> void: pass
	for wrong: Array in [[5], [[]], [[1, 2]], [["x", 1, 2]], [[setting, 4, "x"]], [[setting, 1, {}]], [[-5, 1, 1]], [[9999, 1, 1]],
			[[NetworkingSockets.NETWORKING_CONFIG_CALLBACK_CONNECTION_STATUS_CHANGED, 5, called]],
			[[NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LAG_SEND, 1, 5]]]:
		for call: Callable in [func() -> int: return peer.create_server(kit.port, 4, "127.0.0.1", wrong),
				func() -> int: return peer.create_client("127.0.0.1", kit.port, wrong)]:
			t.check(call.call() in [ERR_INVALID_PARAMETER, ERR_CANT_CREATE], "options %s" % [wrong])
			t.same(t.errors().size(), 1, "one error for options %s" % [wrong])
			t.same(peer.get_connection_status(), MultiplayerPeer.CONNECTION_DISCONNECTED, "nothing was made of %s" % [wrong])

func options() -> void:
	begin()
	var setting := NetworkingSockets.NETWORKING_CONFIG_SEND_BUFFER_SIZE
	s.api.multiplayer_peer = kit.server(4, [[setting, 1, 300000]])
	a.api.multiplayer_peer = kit.client([[setting, 1, 400000]])
	await met("options")
	var data := PackedByteArray()
	data.resize(350000)
	s.talker.big.rpc(data)
	t.one_error("put_packet: 3500", "more than the server may send at once")
	a.talker.big.rpc_id(1, data)
	t.no_error("the client may")
	await kit.wait(func() -> bool: return s.talker.bytes.size() == data.size(), "it arrives")
	await end()

func host_names() -> void:
	begin()
	s.api.multiplayer_peer = kit.server()
	for address: Array in [["localhost", kit.port], ["localhost:%d" % kit.port, 0], ["LOCALHOST", kit.port]]:
		var client := NetworkingSocketsMultiplayerPeer.new()
		t.same(client.create_client(address[0], address[1]), OK, "create_client %s" % [address])
		t.same(client.get_connection_status(), MultiplayerPeer.CONNECTION_CONNECTING, "connecting while it is looked up")
		a.api.multiplayer_peer = client
		await met(str(address))
		t.same(client.get_peer_port(1), kit.port, "port")
		client.close()
		await kit.wait(func() -> bool: return s.api.get_peers().is_empty(), "gone")
	var closed := NetworkingSocketsMultiplayerPeer.new()
	closed.create_client("localhost", kit.port)
	closed.close()
	t.same(closed.get_connection_status(), MultiplayerPeer.CONNECTION_DISCONNECTED, "closed while it is looked up")
	closed = null
	a.take()
	# A name that cannot be looked up, as the engine looks up too many already.
	t.no_error("host names")
	var items: Array[int] = []
	for n in LOOKUPS_MAX:
		items.append(IP.resolve_hostname_queue_item("localhost"))
	var nowhere := NetworkingSocketsMultiplayerPeer.new()
	var ended: Array = []
	nowhere.peer_ended.connect(func(id: int, reason: int, text: String) -> void: ended.append([id, reason, text]))
	t.same(nowhere.create_client("localhost", kit.port), OK, "it starts all the same")
	for item in items:
		IP.erase_resolve_item(item)
	# The engine's own, about its list.
	t.errors()
	a.api.multiplayer_peer = nowhere
	await kit.wait(func() -> bool: return a.told.has("connection_failed"), "connection_failed")
	await kit.frames(5)
	t.same(a.take(), ["connection_failed"] as Array[String], "failed once")
	t.same(ended, [[1, NO_HOST, "too many host names are being looked up"]], "and why")
	t.same(nowhere.get_last_disconnect_reason(), NO_HOST, "still known")
	await end()

# Connections of peers in contexts of the game's.
func contexts() -> void:
	begin()
	var ours := NetworkingSocketsContext.new()
	var theirs := NetworkingSocketsContext.new()
	var signals := [0]
	for context: NetworkingSocketsContext in [ours, theirs]:
		context.network_connection_status_changed.connect(func(_c: int, _i: Dictionary, _o: int) -> void: signals[0] += 1)
	theirs.resetIdentity("str:alice")
	var server := NetworkingSocketsMultiplayerPeer.new()
	t.same(server.context, null, "no context")
	server.context = ours
	t.same(server.context, ours, "a context")
	for attempt in 100:
		kit.port += 1
		if server.create_server(kit.port, 4, "*") == OK:
			break
	t.errors()
	var client := NetworkingSocketsMultiplayerPeer.new()
	client.context = theirs
	t.same(client.create_client("127.0.0.1", kit.port), OK, "create_client")
	s.api.multiplayer_peer = server
	a.api.multiplayer_peer = client
	await met("contexts")
	var handle := server.get_connection_handle(a.id())
	var info := ours.getConnectionInfo(handle)
	t.same(info.get("connection_state"), NetworkingSockets.CONNECTION_STATE_CONNECTED, "the handle is one of the context")
	t.same(info.get("identity"), "str:alice", "the client has its context's identity")
	s.talker.say.rpc("hello")
	await kit.wait(func() -> bool: return a.talker.heard.size() == 1, "a call")
	# Beside the peer, the context goes on as always.
	var pair := ours.createSocketPair(false, "", "")
	t.same(ours.sendMessageToConnection(pair.connection1, PackedByteArray([5]), NetworkingSockets.NETWORKING_SEND_RELIABLE).get("result"), 1, "its own messages")
	t.same(ours.receiveMessagesOnConnection(pair.connection2, 5).size(), 1, "and nothing of the peer's")
	# Closed by its handle it is an end like any other.
	t.same(theirs.closeConnection(client.get_connection_handle(1), 1234, "by hand", false), true, "closed by hand")
	await kit.wait(func() -> bool: return a.told.has("server_disconnected") and s.api.get_peers().is_empty(), "both are told")
	t.same(server.get_last_disconnect_reason(), 1234, "reason")
	# The context outlives the peer, and the other way round.
	server.close()
	t.same(ours.getConnectionInfo(pair.connection1).get("connection_state"), NetworkingSockets.CONNECTION_STATE_CONNECTED, "the context stays")
	t.same(server.create_server(kit.port, 4), OK, "once more in the same context")
	client.context = null
	t.same(client.create_client("127.0.0.1", kit.port), OK, "without its context")
	ours = null
	a.api.multiplayer_peer = client
	s.api.multiplayer_peer = server
	a.take()
	await met("once more")
	t.same(signals[0], 0, "no signal of a context tells of the peer's connections")
	t.no_error("contexts")
	await end()

# Who is trusted in the context counts for the peer.
func trust() -> void:
	begin()
	var context := NetworkingSocketsContext.new()
	t.same(context.addTrustedRoot(ROOT), true, "a trusted root")
	var server := NetworkingSocketsMultiplayerPeer.new()
	server.context = context
	# From this machine nobody has to prove anything, unless an option says so.
	for strict: bool in [true, false]:
		kit.port += 1
		var wants := [[NetworkingSockets.NETWORKING_CONFIG_IP_LOCALHOST_ALLOW_WITHOUT_AUTH, 1, 0]] if strict else []
		t.same(server.create_server(kit.port, 4, "127.0.0.1", wants), OK, "a server that trusts somebody")
		s.api.multiplayer_peer = server
		a.api.multiplayer_peer = kit.client([[NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_INITIAL, 1, 1000]])
		var told := "connection_failed" if strict else "connected_to_server"
		await kit.wait(func() -> bool: return a.told.has(told), "%s without a certificate" % told)
		t.check(s.told.is_empty() or not strict, "the server is not told of strangers")
		server.close()
	await end()
