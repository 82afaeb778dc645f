# What the engine asks a multiplayer peer for each packet, asked by a script: targets, modes, channels and senders, from
# another thread too, and by a listener to errors.
# names: NetworkingSockets
extends SceneTree

var t := preload("res://harness.gd").new()
var met := 0

# Asks the peer something while an error of its is printed.
class Curious extends Logger:
	var peer: MultiplayerPeer
	var ids: Array[int] = []

	func _log_error(_function: String, _file: String, _line: int, _code: String, _rationale: String,
			_editor_notify: bool, _error_type: int, _backtraces: Array[ScriptBacktrace]) -> void:
		ids.append(peer.get_unique_id())

func _initialize() -> void:
	var server := NetworkingSocketsMultiplayerPeer.new()
	var port := 20000 + randi() % 20000
	for attempt in 100:
		if server.create_server(port, 4, "127.0.0.1") == OK:
			break
		port += 1
	t.errors()
	var clients: Array[NetworkingSocketsMultiplayerPeer] = []
	for n in 3:
		clients.append(NetworkingSocketsMultiplayerPeer.new())
		t.same(clients[n].create_client("127.0.0.1", port), OK, "create_client")
	var peers: Array[MultiplayerPeer] = [server]
	peers.append_array(clients)
	server.peer_connected.connect(meet)
	until(peers, func() -> bool: return met == 3 and clients.all(func(client: MultiplayerPeer) -> bool:
		return client.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED))
	server.peer_connected.disconnect(meet)
	t.same(server.get_unique_id(), 1, "the server's unique id")
	t.check(server.is_server_relay_supported() and clients[0].is_server_relay_supported(), "relay")
	targets(server, clients)
	modes(server, clients[0])
	mistakes(server, clients[0])
	threads(clients[1])
	t.no_error("packets")
	for peer in peers:
		peer.close()
		t.same(peer.get_unique_id(), 0, "unique id of a closed peer")
		t.same(peer.get_connection_status(), MultiplayerPeer.CONNECTION_DISCONNECTED, "status of a closed peer")
	t.finish(self)

func meet(_id: int) -> void:
	met += 1

func until(peers: Array[MultiplayerPeer], holds: Callable) -> void:
	var start := Time.get_ticks_msec()
	while not holds.call() and Time.get_ticks_msec() - start < 10000:
		for peer in peers:
			peer.poll()
		OS.delay_usec(500)
	t.check(holds.call(), "it happens within 10 s")

# To all, to one, to all but one. The last packet tells that nothing else comes.
func targets(server: MultiplayerPeer, clients: Array[NetworkingSocketsMultiplayerPeer]) -> void:
	var ids := clients.map(func(client: MultiplayerPeer) -> int: return client.get_unique_id())
	server.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	var sent: Array[Array] = [["all", 0], ["one", ids[1]], ["but", -ids[1]], ["end", 0]]
	for packet: Array in sent:
		server.set_target_peer(packet[1])
		t.same(server.put_packet((packet[0] as String).to_utf8_buffer()), OK, "put_packet to %s" % packet[0])
	var wanted: Array[Array] = [["all", "but", "end"], ["all", "one", "end"], ["all", "but", "end"]]
	for n in clients.size():
		var got: Array[String] = []
		until([server, clients[n]], func() -> bool:
			while clients[n].get_available_packet_count() > 0:
				t.same(clients[n].get_packet_peer(), 1, "from the server")
				got.append(clients[n].get_packet().get_string_from_utf8())
			return got.has("end"))
		t.same(got, Array(wanted[n], TYPE_STRING, &"", null), "what client %d gets" % n)

# Each packet comes with the mode and the channel that it was sent with.
func modes(server: MultiplayerPeer, client: MultiplayerPeer) -> void:
	client.set_target_peer(1)
	var id := client.get_unique_id()
	for mode: MultiplayerPeer.TransferMode in [MultiplayerPeer.TRANSFER_MODE_UNRELIABLE,
			MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED, MultiplayerPeer.TRANSFER_MODE_RELIABLE]:
		for channel: int in [0, 1, 63]:
			client.transfer_mode = mode
			client.transfer_channel = channel
			t.same(client.transfer_mode, mode, "mode")
			t.same(client.transfer_channel, channel, "channel")
			client.put_packet(PackedByteArray([mode, channel]))
			until([client, server], func() -> bool: return server.get_available_packet_count() > 0)
			t.same([server.get_packet_mode(), server.get_packet_channel(), server.get_packet_peer()],
				[mode, channel, id], "mode, channel and sender")
			t.same(server.get_packet(), PackedByteArray([mode, channel]), "packet")
			t.same(server.get_available_packet_count(), 0, "no more packets")
	client.transfer_channel = 0

# Errors, told while somebody listens who asks the peer.
func mistakes(server: MultiplayerPeer, client: MultiplayerPeer) -> void:
	var curious := Curious.new()
	curious.peer = client
	OS.add_logger(curious)
	client.transfer_channel = 64
	t.one_error("set_transfer_channel: 64 ", "channel 64")
	t.same(client.transfer_channel, 0, "the channel stays")
	client.set_target_peer(5)
	t.check(client.put_packet(PackedByteArray([1])) != OK, "put_packet to nobody")
	t.one_error("put_packet: ", "nobody")
	client.set_target_peer(1)
	server.get_packet()
	t.check(not t.errors().is_empty(), "get_packet of nothing")
	OS.remove_logger(curious)
	t.check(curious.ids.size() >= 3 and curious.ids.all(func(id: int) -> bool: return id == client.get_unique_id()),
		"who listens may ask: %s" % [curious.ids])

# Questions from other threads, while this one polls.
func threads(client: MultiplayerPeer) -> void:
	var id := client.get_unique_id()
	var asked: Array[Thread] = []
	for n in 3:
		asked.append(Thread.new())
		asked[n].start(func() -> int:
			var good := 0
			for turn in 2000:
				if client.get_unique_id() == id and client.get_available_packet_count() == 0:
					good += 1
			return good)
	while asked.any(func(thread: Thread) -> bool: return thread.is_alive()):
		client.poll()
	for thread in asked:
		t.same(thread.wait_to_finish(), 2000, "answers on another thread")
