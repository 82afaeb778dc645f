# As much as there can be: the next one is refused with one line, and there is room again afterwards.
# names: NetworkingSockets
extends SceneTree

const NAMES := 4096
const GROUPS := 4096
const PAIRS := 2000
const REQUESTS := 100

var t := preload("res://harness.gd").new()

func _initialize() -> void:
	for net in [NetworkingSockets, NetworkingSocketsContext.new()]:
		names(net)
		groups(net)
		connections(net)
		requests(net)
	t.finish(self)

func names(net: Object) -> void:
	for functions in [["addIdentity", "setGenericString", "clearIdentity", "getIdentities"],
			["addIPAddress", "parseIPAddressString", "clearIPAddress", "getIPAddresses"]]:
		for n in NAMES:
			net.call(functions[0], "name %d" % n)
		t.no_error("as many names as there can be")
		t.same(net.call(functions[0], "one more"), false, "one more name")
		t.one_error(functions[0] + ": ", "one more name")
		t.same(net.call(functions[1], "one more", "1.2.3.4"), false, "one more name")
		t.one_error(functions[1] + ": ", "one more name")
		t.same(net.call(functions[1], "name 5", "1.2.3.4"), true, "one that is there")
		t.same(net.call(functions[3]).size(), NAMES, "all names")
		for n in NAMES:
			net.call(functions[2], "name %d" % n)
		t.same(net.call(functions[0], "one more"), true, "room again")
		net.call(functions[2], "one more")
		t.no_error("names")

func groups(net: Object) -> void:
	var all := range(GROUPS).map(func(_n: int) -> int: return net.createPollGroup())
	t.check(not all.has(0), "as many poll groups as there can be")
	t.no_error("as many poll groups as there can be")
	t.same(net.createPollGroup(), 0, "one more poll group")
	t.one_error("createPollGroup: ", "one more poll group")
	for group in all:
		net.destroyPollGroup(group)
	var again: int = net.createPollGroup()
	t.check(again != 0 and not all.has(again), "room again, and the old handles stay bad")
	net.destroyPollGroup(again)
	t.no_error("poll groups")

# Many, for a script: none is refused, none stays.
func connections(net: Object) -> void:
	var all := []
	for n in PAIRS:
		var pair: Dictionary = net.createSocketPair(false, "", "")
		all.append_array([pair.connection1, pair.connection2])
	t.check(not all.has(0), "many connections")
	t.same(all.filter(func(handle: int) -> bool: return net.getConnectionInfo(handle).connection_state == 3).size(), 2 * PAIRS, "all live")
	for handle in all:
		net.closeConnection(handle, 0, "", false)
	net.run_callbacks()
	t.no_error("closing all")
	t.same(all.filter(func(handle: int) -> bool: return net.getConnectionUserData(handle) != -1), [], "none is left")
	var lines := t.errors()
	t.check(lines.size() == 2 * PAIRS and lines.all(func(line: String) -> bool: return line.begins_with("getConnectionUserData: ")),
			"a line for each: %d" % lines.size())

func requests(net: Object) -> void:
	var told := [0]
	net.fake_ip_result.connect(func(_result: int, _i: String, _a: String, _p: Array) -> void: told[0] += 1)
	for n in REQUESTS:
		net.beginAsyncRequestFakeIP(1)
	t.no_error("as many requests as there can be")
	t.same(net.beginAsyncRequestFakeIP(1), false, "one more request")
	t.one_error("beginAsyncRequestFakeIP: ", "one more request")
	net.run_callbacks()
	t.same(told[0], REQUESTS, "each is answered")
	t.same(net.beginAsyncRequestFakeIP(1), true, "room again")
	net.run_callbacks()
	t.no_error("requests")
