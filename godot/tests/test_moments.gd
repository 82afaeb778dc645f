# Calls at the wrong moment: before everything, after the end, and inside handlers, which may close, ask for more, and let
# go of the last reference to the object that is telling them.
extends SceneTree

var t := preload("res://harness.gd").new()
var plan := preload("res://hostile_plan.gd").new()
var context: NetworkingSocketsContext
var told: Array = []

func _initialize() -> void:
	run()

func run() -> void:
	nothing_before(NetworkingSockets)
	for function in plan.functions:
		first_call(function)
	after_the_end()
	await process_frame
	t.no_error("before handlers")
	for net in [NetworkingSockets, NetworkingSocketsContext.new()]:
		order(net)
		recursion(net)
		handler_that_does(net)
	let_go_by_hand()
	await let_go_by_itself()
	let_go_by_option()
	callables_go()
	t.finish(self)

# What is known of a process that asked for nothing.
func nothing_before(net: Object) -> void:
	t.same(net.getAuthenticationStatus(), -102, "nobody to ask who we are")
	t.same(net.getIdentity(), "ip:::1", "nobody in particular")
	t.same(net.getIdentities(), [], "no identities")
	t.same(net.getIPAddresses(), [], "no addresses")
	t.same(net.getFakeIP().result, 42, "no fake address")
	t.same(net.getHostedDedicatedServerPort(), 0, "no server")
	t.same(net.getHostedDedicatedServerPOPId(), 0, "no data centre")
	t.same(net.getHostedDedicatedServerAddress(), 11, "hosting is not configured")
	t.same(net.getHostedDedicatedServerAddressInfo(), {"result": 11, "pop_id": 0, "routing": PackedByteArray()}, "nor its address")
	t.same(net.getGameCoordinatorServerLoginBlob(), PackedByteArray(), "no login")
	t.same(net.getCertificateRequest().error_message, "", "a request for a certificate")
	t.same(net.initAuthentication(), -102, "nothing to start")
	net.initRelayNetworkAccess()
	net.runNetworkingCallbacks()
	net.run_callbacks()
	t.no_error("before everything")

# Every function as the first one that is ever called of an instance: handles and names are none.
func first_call(function: String) -> void:
	var kinds: Array = plan.functions[function][1]
	var special: Dictionary = plan.functions[function][2]
	var args := []
	var wanted: Variant = special.get("then", plan.functions[function][0])
	var fits: bool = not special.has("refused")
	for at in range(kinds.size() - 1, -1, -1):
		var good: Variant = kinds[at][1] if kinds[at].size() > 1 else 1
		if kinds[at][0] in ["connection", "listener", "group"] or kinds[at][0] in ["identity", "address"] \
				or good is String and good == "free":
			fits = false
			wanted = special.get("answers", {}).get(at, plan.functions[function][0])
		args.push_front(good)
	var net := NetworkingSocketsContext.new()
	var got: Variant = net.callv(function, args)
	if fits:
		t.no_error("%s first" % function)
		t.check(typeof(got) == typeof(wanted), "%s first: got %s" % [function, got])
	else:
		t.one_error(function + ": ", "%s first" % function)
		if not special.has("only"):
			t.same(got, wanted, "%s first" % function)

# What is over is over, and references that are gone are gone.
func after_the_end() -> void:
	var net := NetworkingSocketsContext.new()
	var pair: Dictionary = net.createSocketPair(false, "", "")
	t.same(net.closeConnection(pair.connection1, 0, "", false), true, "closing")
	t.same(net.closeConnection(pair.connection1, 0, "", false), false, "closing again")
	t.one_error("closeConnection: ", "closing again")
	t.same(net.sendMessageToConnection(pair.connection2, PackedByteArray([1]), 8).result, 3, "the peer closed")
	t.same(net.flushMessagesOnConnection(pair.connection2), 3, "the peer closed")
	t.same(net.configureConnectionLanes(pair.connection2, 2, [], []), 11, "the peer closed")
	t.same(net.acceptConnection(pair.connection2), 8, "of our own making")
	t.one_error("acceptConnection: ", "of our own making")
	t.same(net.getConnectionInfo(pair.connection2).connection_state, 4, "closed by the peer")
	t.same(net.receiveMessagesOnConnection(pair.connection2, 5), [], "nothing to read")
	net.resetIdentity("str:x")
	t.same(net.getConnectionInfo(pair.connection2), {}, "gone with the identity")
	t.one_error("getConnectionInfo: ", "gone with the identity")
	var method := net.getIdentity
	var gone: WeakRef = weakref(net)
	net = null
	t.check(gone.get_ref() == null and not method.is_valid(), "a method does not keep its object")
	t.no_error("after the end")

# Connections that go nowhere: each has an event at once.
func events(net: Object, count: int) -> Array:
	return range(count).map(func(_n): return net.connectByIPAddress("127.0.0.1:9", []))

func close(net: Object, handles: Array) -> void:
	for handle in handles:
		net.closeConnection(handle, 0, "", false)
	net.run_callbacks()

# A handler that asks for more gets it, in order, and nobody is told twice.
func order(net: Object) -> void:
	told = []
	var made := events(net, 5)
	var later := []
	var hear := func(handle: int, _facts: Dictionary, _old: int) -> void:
		told.append(handle)
		if told.size() == 2:
			later.append_array(events(net, 2))
			net.run_callbacks()
			net.runNetworkingCallbacks()
			told.append("inside")
	net.network_connection_status_changed.connect(hear)
	net.run_callbacks()
	net.run_callbacks()
	t.same(told, made + later + ["inside"], "everything once and in order")
	net.network_connection_status_changed.disconnect(hear)
	close(net, made + later)
	t.no_error("order")

# A handler that makes an event and asks for it, without end.
func recursion(net: Object) -> void:
	told = []
	var hear := func(handle: int, _facts: Dictionary, _old: int) -> void:
		told.append(handle)
		if told.size() < 1000:
			events(net, 1)
			net.run_callbacks()
	net.network_connection_status_changed.connect(hear)
	events(net, 1)
	net.run_callbacks()
	t.check(told.size() > 1 and told.size() < 100, "%d handlers inside each other" % told.size())
	net.network_connection_status_changed.disconnect(hear)
	net.run_callbacks()
	close(net, told)
	net.resetIdentity("")
	net.run_callbacks()
	t.no_error("recursion")

# Handlers that take away what they are told about, and what tells them.
func handler_that_does(net: Object) -> void:
	var groups: Array[int] = [0]
	var deeds := {
		"close": func(handle: int) -> void: net.closeConnection(handle, 0, "", false),
		"close all": func(_handle: int) -> void: net.resetIdentity(""),
		"look": func(handle: int) -> void:
			net.getConnectionInfo(handle)
			net.getDetailedConnectionStatus(handle)
			net.setConnectionPollGroup(handle, groups[0])
			net.flushMessagesOnConnection(handle),
		"destroy": func(_handle: int) -> void: net.destroyPollGroup(groups[0]),
		"new": func(_handle: int) -> void: NetworkingSocketsContext.new().createSocketPair(true, "", ""),
	}
	for name in deeds:
		told = []
		groups[0] = net.createPollGroup()
		var made := events(net, 3)
		var hear: Callable
		hear = func(handle: int, facts: Dictionary, old: int) -> void:
			told.append(handle)
			if old == 0 and facts.connection_state == 1 and told.size() == 1:
				deeds[name].call(handle)
		net.network_connection_status_changed.connect(hear)
		net.run_callbacks()
		t.same(told, made, "handler that does `%s`" % name)
		net.network_connection_status_changed.disconnect(hear)
		net.resetIdentity("")
		net.run_callbacks()
	# One that disconnects itself is told once.
	told = []
	events(net, 2)
	net.network_connection_status_changed.connect(func(_h: int, _f: Dictionary, _o: int) -> void: told.append(1), CONNECT_ONE_SHOT)
	net.run_callbacks()
	t.same(told, [1], "one shot")
	net.resetIdentity("")
	net.run_callbacks()
	t.no_error("handlers that do things")

func let_go(_handle: int, _facts: Dictionary, _old: int) -> void:
	told.append(1)
	context = null

# The last reference goes inside a handler, which a script called for.
func let_go_by_hand() -> void:
	told = []
	context = NetworkingSocketsContext.new()
	var gone: WeakRef = weakref(context)
	events(context, 3)
	context.network_connection_status_changed.connect(let_go)
	context.run_callbacks()
	t.same(told, [1, 1, 1], "all were told")
	t.check(gone.get_ref() == null, "and then it went")
	t.no_error("letting go")

# The same where the engine called for it.
func let_go_by_itself() -> void:
	told = []
	context = NetworkingSocketsContext.new()
	var gone: WeakRef = weakref(context)
	events(context, 3)
	context.network_connection_status_changed.connect(let_go)
	await process_frame
	await process_frame
	t.same(told, [1, 1, 1], "all were told, by themselves")
	t.check(gone.get_ref() == null, "and then it went, by itself")
	t.no_error("letting go, by itself")

# The same in a callable that is a setting of the connection.
func let_go_by_option() -> void:
	told = []
	context = NetworkingSocketsContext.new()
	var gone: WeakRef = weakref(context)
	for n in 3:
		t.check(context.connectByIPAddress("127.0.0.1:9", [[201, 5, let_go]]) != 0, "a callable as an option")
	context.run_callbacks()
	t.same(told, [1, 1, 1], "all were told, by option")
	t.check(gone.get_ref() == null, "and then it went, by option")
	t.no_error("letting go, by option")

# A callable that is a setting stays as long as its connection, or as its listen socket.
func callables_go() -> void:
	told = []
	var net := NetworkingSocketsContext.new()
	var handles := []
	var gone: WeakRef = connected_with_callables(net, handles)
	var one: int = handles[0]
	var other: int = handles[1]
	net.run_callbacks()
	net.closeConnection(one, 0, "", false)
	net.run_callbacks()
	t.same(told, [1, 1, 0], "told by a callable")
	t.check(gone.get_ref() != null, "another connection has it still")
	net.closeConnection(other, 0, "", false)
	net.run_callbacks()
	t.same(told, [1, 1, 0, 0], "told to the end")
	t.check(gone.get_ref() == null, "nobody has it any more")
	inherited(net)
	t.no_error("callables")

# What came in through a listen socket has that one's, which is there for the next as well.
func inherited(net: NetworkingSocketsContext) -> void:
	told = []
	var address := ""
	var listener := 0
	while listener == 0:
		address = "127.0.0.1:%d" % (20000 + randi() % 12000)
		listener = net.createListenSocketIP(address, [[201, 5, func(handle: int, facts: Dictionary, _old: int) -> void:
			if facts.connection_state == 1:
				told.append(1)
				net.closeConnection(handle, 0, "", false)]])
	t.errors()
	for n in 3:
		var client: int = net.connectByIPAddress(address, [])
		var begin := Time.get_ticks_msec()
		while told.size() == n and Time.get_ticks_msec() - begin < 10000:
			net.run_callbacks()
		net.run_callbacks()
		net.closeConnection(client, 0, "", false)
	t.same(told, [1, 1, 1], "the listen socket's callable for each that came")
	net.closeListenSocket(listener)
	net.resetIdentity("")

# Two connections with the same callable. What it holds on to.
func connected_with_callables(net: NetworkingSocketsContext, handles: Array) -> WeakRef:
	var held := RefCounted.new()
	var hear := func(_handle: int, facts: Dictionary, _old: int) -> void: told.append(facts.connection_state if held != null else -1)
	handles.append(net.connectByIPAddress("127.0.0.1:9", [[201, 5, hear]]))
	handles.append(net.call("connectByIPAddress", "127.0.0.1:9", {201: hear}))
	return weakref(held)
