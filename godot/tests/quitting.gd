# What is open when the engine quits: for the scripts test_quit_*, which have to end by themselves, in silence.
extends RefCounted

const RELIABLE := 8

# Listen sockets, connections of every kind, poll groups and unread messages. All calls have to be good.
static func fill(net: Object, t: RefCounted) -> void:
	net.setGenericString("me", "me")
	var group: int = net.createPollGroup()
	for loopback in [false, true]:
		var pair: Dictionary = net.createSocketPair(loopback, "me", "")
		t.check(pair.success, "a pair")
		net.setConnectionPollGroup(pair.connection2, group)
		net.sendMessages(50, PackedByteArray([1, 2, 3]), pair.connection1, RELIABLE)
	t.check(net.connectByIPAddress("127.0.0.1:9", [[201, 5, func(_h: int, _c: Dictionary, _o: int) -> void: pass]]) != 0, "on its way")
	t.no_error("what is open")
	var listener: int = 0
	while listener == 0:
		var address := "127.0.0.1:%d" % (20000 + randi() % 40000)
		listener = net.createListenSocketIP(address, [])
		if listener != 0:
			t.check(net.connectByIPAddress(address, []) != 0, "on its way to ourselves")
	t.errors()

# Lambdas that hold on to things.
static func listen(net: Object, hold: Variant) -> void:
	net.network_connection_status_changed.connect(func(_h: int, _c: Dictionary, _o: int) -> void: hold.get_class())
	net.network_authentication_status.connect(func(_a: int, _m: String) -> void: hold.get_class())
	net.fake_ip_result.connect(func(_r: int, _i: String, _a: String, _p: Array) -> void: hold.get_class())

# Calls for a while, without an object that could go meanwhile.
static func call_for_a_while() -> void:
	for n in 300:
		var pair: Dictionary = NetworkingSockets.createSocketPair(true, "", "")
		NetworkingSockets.sendMessageToConnection(pair.connection1, PackedByteArray([1]), RELIABLE)
		NetworkingSockets.run_callbacks()
		NetworkingSockets.closeConnection(pair.connection1, 0, "", false)
		OS.delay_usec(1000)
