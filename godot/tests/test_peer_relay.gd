# Calls between many: through the server and without it, in a mesh, in all modes and channels, large ones, spawned nodes.
# names: NetworkingSockets
extends SceneTree

const MODES := [MultiplayerPeer.TRANSFER_MODE_UNRELIABLE, MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED, MultiplayerPeer.TRANSFER_MODE_RELIABLE]
const CHANNELS := [0, 1, 7, 63]
const PACKETS := 40

var t := preload("res://harness.gd").new()
var kit := preload("res://peer_kit.gd").new(t, self)

# Somebody with RPCs that go by every mode, and on channels of their own.
class Caller extends Node:
	var heard: Array = []

	@rpc("any_peer", "call_remote", "reliable")
	func reliable(number: int) -> void:
		heard.append(["reliable", number])

	@rpc("any_peer", "call_remote", "unreliable", 3)
	func unreliable(number: int) -> void:
		heard.append(["unreliable", number])

	@rpc("any_peer", "call_local", "unreliable_ordered", 4)
	func ordered(number: int) -> void:
		heard.append(["ordered", number])

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	await through_the_server(true)
	await through_the_server(false)
	await in_a_mesh()
	await modes_and_channels()
	await calls_in_a_bad_network()
	await large_calls()
	await spawned()
	t.no_error("calls between many")
	t.finish(self)

# A server and clients, all connected; the server is the first.
func star(clients: int, relays := true) -> Array[Node]:
	var all: Array[Node] = []
	for n in clients + 1:
		all.append(kit.branch("P%d" % n))
		all[n].api.server_relay = relays
	all[0].api.multiplayer_peer = kit.server()
	for n in clients:
		all[n + 1].api.multiplayer_peer = kit.client()
	var met := func() -> bool: return all.all(func(p: Node) -> bool: return p.api.get_peers().size() == (clients if relays or p == all[0] else 1))
	await kit.wait(met, "everybody met")
	return all

func end(all: Array[Node]) -> void:
	for one in all:
		one.end(self)
	await process_frame

func through_the_server(relays: bool) -> void:
	var all := await star(3, relays)
	var server := all[0]
	t.same(server.api.multiplayer_peer.is_server_relay_supported(), true, "the peer can have its calls relayed")
	for one in all:
		var others: Array = one.api.get_peers()
		for other in all:
			var knows: bool = relays or one == server or other == server
			t.same(others.has(other.id()), knows and other != one, "%s knows %s (relay %s)" % [one.name, other.name, relays])
		t.same(one.take().size(), others.size() + (0 if one == server else 1), "%s was told of each once" % one.name)
	if relays:
		for one in all:
			for other in all:
				if one != other:
					one.talker.say.rpc_id(other.id(), "%s to %s" % [one.name, other.name])
		for one in all:
			await kit.wait(func() -> bool: return one.talker.heard.size() >= 3, "%s was called by all" % one.name)
			for other in all:
				var call := [other.id(), "%s to %s" % [other.name, one.name]]
				t.same(one.talker.heard.count(call), 0 if one == other else 1, "%s by %s" % [one.name, other.name])
		# To all, and a large one, through the server.
		all[1].talker.say.rpc("to all")
		all[2].talker.big.rpc_id(all[3].id(), bytes(1000000))
		for one in [all[0], all[2], all[3]]:
			await kit.wait(func() -> bool: return one.talker.heard.has([all[1].id(), "to all"]), "%s hears what is for all" % one.name)
		await kit.wait(func() -> bool: return all[3].talker.bytes == bytes(1000000), "1 MB from client to client")
	else:
		all[1].talker.say.rpc("to all")
		await kit.wait(func() -> bool: return server.talker.heard == [[all[1].id(), "to all"]], "the server hears")
		server.talker.say.rpc("to all")
		for one in all.slice(1):
			await kit.wait(func() -> bool: return one.talker.heard == [[1, "to all"]], "%s hears the server alone" % one.name)
	await end(all)

func in_a_mesh() -> void:
	var all: Array[Node] = []
	var ports: Array[int] = []
	for n in 3:
		var peer := NetworkingSocketsMultiplayerPeer.new()
		for attempt in 100:
			kit.port += 1
			if peer.create_mesh(n + 1, kit.port, "127.0.0.1") == OK:
				break
		t.errors()
		ports.append(kit.port)
		all.append(kit.branch("M%d" % n))
		# Everybody connects to those before, and the last two to each other at once.
		for earlier in n:
			t.same(peer.add_mesh_peer(earlier + 1, "127.0.0.1", ports[earlier]), OK, "add_mesh_peer")
		all[n].api.multiplayer_peer = peer
		t.same(peer.is_server_relay_supported(), false, "no relay in a mesh")
	t.same(all[1].api.multiplayer_peer.add_mesh_peer(3, "127.0.0.1", ports[2]), OK, "the other way at once")
	await kit.wait(func() -> bool: return all.all(func(p: Node) -> bool: return p.api.get_peers().size() == 2), "the mesh is whole")
	for one in all:
		for other in all:
			if one != other:
				one.talker.say.rpc_id(other.id(), "%s to %s" % [one.name, other.name])
	for one in all:
		await kit.wait(func() -> bool: return one.talker.heard.size() >= 2, "%s was called by all" % one.name)
		for other in all:
			var call := [other.id(), "%s to %s" % [other.name, one.name]]
			t.same(one.talker.heard.count(call), 0 if one == other else 1, "%s by %s" % [one.name, other.name])
		t.same(one.told.filter(func(line: String) -> bool: return line.begins_with("peer_")).size(), 2, "%s was told of each once" % one.name)
		one.take()
	all[2].api.multiplayer_peer.close()
	for one in all.slice(0, 2):
		await kit.wait(func() -> bool: return one.told == ["peer_disconnected 3"], "%s is told of who left" % one.name)
	all[0].talker.say.rpc("we two")
	await kit.wait(func() -> bool: return all[1].talker.heard.has([1, "we two"]), "the others go on")
	await end(all)

# Raw packets, whose modes and channels the receiver sees.
func modes_and_channels() -> void:
	var server: NetworkingSocketsMultiplayerPeer = kit.server()
	var client: NetworkingSocketsMultiplayerPeer = kit.client()
	while client.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTING:
		server.poll()
		client.poll()
		OS.delay_usec(100)
	var met := [0]
	server.peer_connected.connect(func(id: int) -> void: met[0] = id)
	await kit.wait(func() -> bool:
		server.poll()
		client.poll()
		return met[0] != 0, "met")
	for pair in [[server, client, met[0]], [client, server, 1]]:
		var from: NetworkingSocketsMultiplayerPeer = pair[0]
		var to: NetworkingSocketsMultiplayerPeer = pair[1]
		from.set_target_peer(pair[2])
		for number in PACKETS:
			for channel: int in CHANNELS:
				for mode: int in MODES:
					from.transfer_channel = channel
					from.transfer_mode = mode
					t.same(from.put_packet(PackedByteArray([mode, channel, number])), OK, "put_packet")
		var got := {}
		var reliable := 0
		var begin := Time.get_ticks_msec()
		while reliable < PACKETS * CHANNELS.size() and Time.get_ticks_msec() - begin < 10000:
			to.poll()
			from.poll()
			while to.get_available_packet_count() > 0:
				var channel := to.get_packet_channel()
				var mode := to.get_packet_mode()
				var sender := to.get_packet_peer()
				var packet := to.get_packet()
				t.check(packet.size() == 3 and packet[0] == mode and packet[1] == channel and sender == from.get_unique_id(),
					"mode, channel and sender are those of the packet")
				reliable += int(mode == MultiplayerPeer.TRANSFER_MODE_RELIABLE)
				got.get_or_add([mode, channel], []).append(packet[2])
			OS.delay_usec(200)
		for channel: int in CHANNELS:
			t.same(got.get([MODES[2], channel], []), range(PACKETS), "reliable, channel %d: all in order" % channel)
			var ordered: Array = got.get([MODES[1], channel], [])
			var sorted := ordered.duplicate()
			sorted.sort()
			t.check(ordered == sorted and ordered.size() > PACKETS / 4, "ordered, channel %d: none goes back: %s" % [channel, ordered])
			t.check(got.get([MODES[0], channel], []).size() > PACKETS / 4, "unreliable, channel %d: some arrive" % channel)

# The same by RPCs, through a network that loses and mixes up what is sent.
func calls_in_a_bad_network() -> void:
	var all := await star(1)
	for n in 2:
		var caller := Caller.new()
		caller.name = "Caller"
		all[n].add_child(caller)
	var monitor := NetworkingSocketsMonitor.new()
	var bad := {NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LOSS_SEND: 20.0, NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_REORDER_SEND: 30.0,
		NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_REORDER_TIME: 40.0, NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_DUP_SEND: 20.0}
	for setting: int in bad:
		monitor.simulate(0, setting, bad[setting])
	var from: Caller = all[0].get_node("Caller")
	var to: Caller = all[1].get_node("Caller")
	for number in PACKETS:
		from.reliable.rpc(number)
		from.unreliable.rpc(number)
		from.ordered.rpc(number)
		await process_frame
	var of := func(caller: Caller, kind: String) -> Array:
		return caller.heard.filter(func(call: Array) -> bool: return call[0] == kind).map(func(call: Array) -> int: return call[1])
	await kit.wait(func() -> bool: return of.call(to, "reliable").size() == PACKETS, "reliable calls arrive")
	for setting: int in bad:
		monitor.simulate(0, setting, 0.0)
	t.same(of.call(to, "reliable"), range(PACKETS), "reliable calls keep their order")
	var ordered: Array = of.call(to, "ordered")
	var sorted := ordered.duplicate()
	sorted.sort()
	t.check(ordered == sorted and ordered.size() > 1, "ordered calls: none goes back: %s" % [ordered])
	t.check(of.call(to, "unreliable").size() > 1, "unreliable calls: some arrive")
	t.same(of.call(from, "ordered"), range(PACKETS), "call_local is local")
	await end(all)

func bytes(count: int) -> PackedByteArray:
	var data := PackedByteArray()
	data.resize(count)
	for at in range(0, count, 997):
		data[at] = at % 251
	return data

# The largest packet, and what is larger. A call adds a few bytes of its own to its argument.
func large_calls() -> void:
	var all := await star(2)
	var server := all[0]
	var client := all[1]
	client.talker.big.rpc_id(1, bytes(1000000))
	server.talker.big.rpc(bytes(1000001))
	await kit.wait(func() -> bool: return server.talker.bytes == bytes(1000000), "1 MB to the server")
	for one in [client, all[2]]:
		await kit.wait(func() -> bool: return one.talker.bytes == bytes(1000001), "1 MB to %s" % one.name)
	t.no_error("calls of 1 MB")
	var received: Array = []
	server.api.peer_packet.connect(func(id: int, packet: PackedByteArray) -> void: received.append([id, packet.size()]))
	# send_bytes puts one byte in front.
	t.same(client.api.send_bytes(bytes((8 << 20) - 1), 1), OK, "8 MiB are taken")
	await kit.wait(func() -> bool: return received == [[client.id(), (8 << 20) - 1]], "8 MiB arrive")
	t.no_error("8 MiB")
	t.same(client.api.send_bytes(bytes(8 << 20), 1), ERR_INVALID_PARAMETER, "8 MiB + 1 are not taken")
	t.one_error("put_packet: the packet has 8388609 bytes; at most 8388608", "8 MiB + 1")
	client.talker.big.rpc_id(1, bytes(8 << 20))
	t.one_error("put_packet: the packet has ", "a call of more than 8 MiB")
	client.talker.say.rpc_id(1, "still here")
	await kit.wait(func() -> bool: return server.talker.heard.back() == [client.id(), "still here"], "the connection goes on")
	await end(all)

func spawned() -> void:
	var all := await star(2)
	for one in all:
		var world := Node.new()
		world.name = "World"
		one.add_child(world)
		var spawner := MultiplayerSpawner.new()
		spawner.name = "Spawner"
		spawner.spawn_function = func(data: Variant) -> Node:
			var made: Node2D = preload("res://peer_avatar.gd").new()
			made.name = str(data)
			return made
		one.add_child(spawner)
		spawner.spawn_path = spawner.get_path_to(world)
	var server := all[0]
	var hero: Node2D = server.get_node("Spawner").spawn("Hero")
	hero.position = Vector2(3, 4)
	hero.set("score", 7)
	var avatar := func(one: Node) -> Node2D: return one.get_node_or_null("World/Hero")
	for one in all.slice(1):
		await kit.wait(func() -> bool: return avatar.call(one) != null, "%s has it too" % one.name)
		await kit.wait(func() -> bool: return avatar.call(one).position == Vector2(3, 4) and avatar.call(one).get("score") == 7, "%s sees it where it is" % one.name)
	# Who comes later sees it too.
	var late: Node = kit.branch("Late")
	var world := Node.new()
	world.name = "World"
	late.add_child(world)
	var spawner := MultiplayerSpawner.new()
	spawner.name = "Spawner"
	spawner.spawn_function = func(data: Variant) -> Node:
		var made: Node2D = preload("res://peer_avatar.gd").new()
		made.name = str(data)
		return made
	late.add_child(spawner)
	spawner.spawn_path = spawner.get_path_to(world)
	late.api.multiplayer_peer = kit.client()
	all.append(late)
	hero.position = Vector2(50, 60)
	for one in all.slice(1):
		await kit.wait(func() -> bool: return avatar.call(one) != null and avatar.call(one).position == Vector2(50, 60), "%s sees it move" % one.name)
	hero.queue_free()
	for one in all.slice(1):
		await kit.wait(func() -> bool: return avatar.call(one) == null, "it goes at %s" % one.name)
	await end(all)
