# Every end of a peer: the same signals as with the engine's own peer, once each, also from inside handlers.
# names: NetworkingSockets
extends SceneTree

var t := preload("res://harness.gd").new()
var kit := preload("res://peer_kit.gd").new(t, self)
var s: Node
var a: Node
var b: Node
var ours := true
var scene := ""

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	var scenes: Array[Callable] = [
		leaving, dropping, server_closes, server_drops, disconnecting, disconnecting_by_force, forced_by_client,
		inside_connected, inside_connected_of_peer, close_in_rpc, close_of_server_in_rpc, drop_in_rpc, replace_in_rpc,
		replace_in_server_disconnected,
	]
	for one in scenes:
		var told: Array = []
		for kind: bool in [true, false]:
			ours = kind
			scene = "%s (%s)" % [one.get_method(), "ours" if ours else "ENet"]
			told.append(await play(one))
		t.same(told[0], told[1], "%s: told as with ENet" % one.get_method())
	ours = true
	# Where the engine's own peer never tells the server, or does not deliver what was sent before the end.
	var there_and_back := {"S": ["peer_connected ?", "peer_disconnected ?"], "A": ["peer_connected ?", "peer_disconnected ?"],
		"B": ["peer_connected ?", "peer_disconnected ?"]}
	await play_alone(drop_in_connected, there_and_back)
	await play_alone(close_in_connected, there_and_back)
	await play_alone(drop_in_disconnected, {"S": ["peer_disconnected A"], "A": ["server_disconnected"],
		"B": ["peer_disconnected A", "peer_disconnected S", "server_disconnected"]})
	await refused()
	await nobody()
	t.no_error("all ends")
	t.finish(self)

func play_alone(what: Callable, wanted: Dictionary) -> void:
	scene = what.get_method()
	var told: Dictionary = await play(what)
	for who: String in wanted:
		t.same(told[who], texts(wanted[who]), "%s: %s" % [scene, who])

# A server and two clients; what they were told after they met.
func play(what: Callable) -> Dictionary:
	s = kit.branch("S")
	a = kit.branch("A")
	b = kit.branch("B")
	s.api.multiplayer_peer = make_server()
	a.api.multiplayer_peer = make_client()
	await kit.wait(func() -> bool: return a.api.get_peers().has(1) and s.api.get_peers().size() == 1, "%s: A meets S" % scene)
	b.api.multiplayer_peer = make_client()
	var both := func() -> bool: return a.api.get_peers().size() == 2 and b.api.get_peers().size() == 2 and s.api.get_peers().size() == 2
	await kit.wait(both, "%s: everybody meets" % scene)
	var names := {1: "S", a.id(): "A", b.id(): "B"}
	t.same(s.take(names), texts(["peer_connected A", "peer_connected B"]), "%s: S is told once" % scene)
	var of_a: Array[String] = a.take(names)
	of_a.sort()
	t.same(of_a, texts(["connected_to_server", "peer_connected B", "peer_connected S"]), "%s: A is told once" % scene)
	b.take()
	await what.call()
	# More than what is waited for would be too much.
	for n in 20:
		await process_frame
		OS.delay_msec(2)
	var told := {}
	for branch in [s, a, b]:
		told[str(branch.name)] = branch.take(names)
		# What comes from two sides has no order.
		told[str(branch.name)].sort()
	for branch in [s, a, b]:
		branch.end(self)
	await process_frame
	return told

func texts(of: Array) -> Array[String]:
	var out: Array[String] = []
	out.assign(of)
	return out

func make_server() -> MultiplayerPeer:
	return kit.server() if ours else kit.enet_server()

func make_client() -> MultiplayerPeer:
	return kit.client() if ours else kit.enet_client()

func heard(branch: Node, line: String) -> void:
	await kit.wait(func() -> bool: return branch.told.any(func(l: String) -> bool: return l.begins_with(line)), "%s: %s: %s" % [scene, branch.name, line])

func leaving() -> void:
	a.api.multiplayer_peer.close()
	await heard(s, "peer_disconnected")
	await heard(b, "peer_disconnected")

func dropping() -> void:
	a.api.multiplayer_peer = null
	await heard(s, "peer_disconnected")
	await heard(b, "peer_disconnected")

func server_closes() -> void:
	s.api.multiplayer_peer.close()
	await heard(a, "server_disconnected")
	await heard(b, "server_disconnected")

func server_drops() -> void:
	s.api.multiplayer_peer = null
	await heard(a, "server_disconnected")
	await heard(b, "server_disconnected")

func disconnecting() -> void:
	s.api.multiplayer_peer.disconnect_peer(a.id())
	await heard(a, "server_disconnected")
	await heard(s, "peer_disconnected")
	await heard(b, "peer_disconnected")

func disconnecting_by_force() -> void:
	s.api.multiplayer_peer.disconnect_peer(a.id(), true)
	await heard(a, "server_disconnected")

func forced_by_client() -> void:
	a.api.multiplayer_peer.disconnect_peer(1, true)
	await heard(a, "server_disconnected")
	await heard(s, "peer_disconnected")

# A third client comes, and is disconnected by the handler that hears of it.
func inside_connected() -> void:
	var peer: MultiplayerPeer = s.api.multiplayer_peer
	await third(s.api.peer_connected, func(id: int) -> void: peer.disconnect_peer(id))

func inside_connected_of_peer() -> void:
	var peer: MultiplayerPeer = s.api.multiplayer_peer
	await third(peer.peer_connected, func(id: int) -> void: peer.disconnect_peer(id))

func third(hears: Signal, then: Callable) -> void:
	hears.connect(then, CONNECT_ONE_SHOT)
	var c: Node = kit.branch("C")
	c.api.multiplayer_peer = make_client()
	await heard(s, "peer_disconnected")
	await kit.wait(func() -> bool: return c.api.multiplayer_peer.get_connection_status() == 0, "%s: C is out" % scene)
	await kit.frames(5)
	t.same(c.told.count("server_disconnected") + c.told.count("connection_failed"), 1, "%s: C is told once" % scene)
	c.end(self)

func call_of(branch: Node, then: Callable) -> void:
	branch.talker.called.connect(func(_text: String) -> void: then.call(), CONNECT_ONE_SHOT)
	if branch == s:
		a.talker.say.rpc_id(1, "now")
		a.talker.say.rpc_id(1, "too late")
	else:
		s.talker.say.rpc_id(branch.id(), "now")
		s.talker.say.rpc_id(branch.id(), "too late")
	await kit.wait(func() -> bool: return branch.talker.heard.size() > 0, "%s: the call came" % scene)
	await kit.frames(5)
	t.same(branch.talker.heard.size(), 1, "%s: nothing is heard after the end" % scene)

func close_in_rpc() -> void:
	await call_of(a, func() -> void: a.api.multiplayer_peer.close())
	await heard(s, "peer_disconnected")

func close_of_server_in_rpc() -> void:
	await call_of(s, func() -> void: s.api.multiplayer_peer.close())
	await heard(a, "server_disconnected")
	await heard(b, "server_disconnected")

func drop_in_rpc() -> void:
	await call_of(a, func() -> void: a.api.multiplayer_peer = null)
	await heard(s, "peer_disconnected")

func drop_in_connected() -> void:
	var c: Node = kit.branch("C")
	c.api.connected_to_server.connect(func() -> void: c.api.multiplayer_peer = null)
	c.api.multiplayer_peer = make_client()
	await heard(c, "connected_to_server")
	await heard(s, "peer_disconnected")
	t.same(c.told.count("connected_to_server"), 1, "%s: once" % scene)
	c.end(self)

func close_in_connected() -> void:
	var c: Node = kit.branch("C")
	c.api.connected_to_server.connect(func() -> void: c.api.multiplayer_peer.close())
	c.api.multiplayer_peer = make_client()
	await heard(c, "connected_to_server")
	await heard(s, "peer_disconnected")
	c.end(self)

func drop_in_disconnected() -> void:
	s.api.peer_disconnected.connect(func(_id: int) -> void: s.api.multiplayer_peer = null, CONNECT_ONE_SHOT)
	a.api.multiplayer_peer.close()
	await heard(b, "server_disconnected")

func replace_in_rpc() -> void:
	var before: int = a.id()
	await call_of(a, func() -> void: a.api.multiplayer_peer = make_client())
	await heard(s, "peer_disconnected")
	await heard(a, "connected_to_server")
	await kit.wait(func() -> bool: return a.api.get_peers().size() == 2, "%s: everybody meets again" % scene)
	# It may still meet its former self, which delivers what it sent before it goes.
	var former := texts(["peer_connected %d" % before, "peer_disconnected %d" % before])
	if a.told.has(former[0]):
		t.same(a.told.filter(func(line: String) -> bool: return line in former), former, "%s: it goes" % scene)
		a.told = a.told.filter(func(line: String) -> bool: return line not in former)

# As a game does that connects again by itself.
func replace_in_server_disconnected() -> void:
	a.api.server_disconnected.connect(func() -> void: a.api.multiplayer_peer = make_client(), CONNECT_ONE_SHOT)
	s.api.multiplayer_peer.disconnect_peer(a.id())
	await heard(a, "connected_to_server")
	await kit.wait(func() -> bool: return a.api.get_peers().size() == 2, "%s: everybody meets again" % scene)

func refused() -> void:
	scene = "refused"
	s = kit.branch("S")
	a = kit.branch("A")
	b = kit.branch("B")
	var peer: NetworkingSocketsMultiplayerPeer = kit.server(1)
	s.api.multiplayer_peer = peer
	peer.refuse_new_connections = true
	await turned_away(1102)
	peer.refuse_new_connections = false
	b.api.multiplayer_peer = kit.client()
	await heard(b, "connected_to_server")
	await turned_away(1103)
	t.same(s.told.size(), 1, "the server is told of B alone")
	for branch in [s, a, b]:
		branch.end(self)
	await process_frame

func turned_away(reason: int) -> void:
	var peer: NetworkingSocketsMultiplayerPeer = kit.client()
	var ended: Array = []
	peer.peer_ended.connect(func(id: int, why: int, text: String) -> void: ended.append([id, why, text != ""]))
	a.api.multiplayer_peer = peer
	await heard(a, "connection_failed")
	await kit.frames(5)
	t.same(a.take(), texts(["connection_failed"]), "%d: failed once" % reason)
	t.same(ended, [[1, reason, true]], "%d: and why" % reason)
	t.same(peer.get_last_disconnect_reason(), reason, "%d: still known" % reason)
	t.check(peer.get_last_disconnect_text() != "", "%d: with a text" % reason)

# Where nobody listens, after the time that an option gives.
func nobody() -> void:
	scene = "nobody"
	a = kit.branch("A")
	kit.port += 1
	var options := [[NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_INITIAL, 1, 300]]
	a.api.multiplayer_peer = kit.client(options)
	t.same(a.api.multiplayer_peer.get_connection_status(), MultiplayerPeer.CONNECTION_CONNECTING, "connecting")
	await heard(a, "connection_failed")
	await kit.frames(5)
	t.same(a.told, texts(["connection_failed"]), "failed once")
	t.same(a.api.multiplayer_peer.get_last_disconnect_reason(), 5003, "nobody answered")
	a.end(self)
	await process_frame
