# Every function with values of every type at every place: one line that begins with its name and the answer that goes
# with it, or none where the value can be used. Nothing is done by half.
# limit: 120
extends SceneTree

# Longer lines would be a value that was printed.
const LINE_MAX := 500
# What the second object is given; its functions are the same.
const SOME: Array[String] = ["nil", "true", "-1", "2^32", "3.5", "nan", "long text", "name", "lambda", "freed Object",
		"Array of ints", "Array inside itself", "Dictionary inside itself", "PackedInt64Array", "long PackedByteArray"]

var t := preload("res://harness.gd").new()
var plan := preload("res://hostile_plan.gd").new()
var values := preload("res://hostile_values.gd").new()
# The object that is called, and what its functions are given.
var net: Object
var given: Array
var pair := {}
var listener := 0
var group := 0
var port := 0
var host := 1 + randi() % 0xfffffd
var calls := 0
var made_by_signal := 0

func _initialize() -> void:
	t.same(values.missing(), [], "a value of every type")
	everything_has_a_plan()
	for object in [NetworkingSockets, NetworkingSocketsContext.new()]:
		given = values.all.keys() if object == NetworkingSockets else SOME
		begin(object)
		for function in plan.functions:
			hostile(function)
		as_before()
		handles()
		names()
		parts_of_options()
		parts_of_lists()
		end()
	net = null
	values.clear()
	print("NOTE %d calls" % calls)
	t.finish(self)

# What the seed and the class have, and nothing else, is called; with as many arguments as there are.
func everything_has_a_plan() -> void:
	var index: Dictionary = JSON.parse_string(FileAccess.get_file_as_string("res://seed-api.json"))
	for function in index.functions + index.implied_helpers:
		if function.get("where") != "backend":
			for name in [function.name] + function.get("aliases", []):
				t.check(plan.functions.has(name), "a plan for %s of the seed" % name)
	var there := {}
	for type in ["NetworkingSockets", "NetworkingSocketsContext"]:
		for method in ClassDB.class_get_method_list(type, true):
			there[method.name] = true
			if t.check(plan.functions.has(method.name), "a plan for %s" % method.name):
				t.same(plan.functions[method.name][1].size(), method.args.size(), "arguments of %s" % method.name)
	t.same(there.size(), plan.functions.size(), "plans for what there is")
	# What the seed says of bad handles is what the plan has for the first argument.
	for function in index.functions:
		var bad: Variant = function.get("on_bad_handle_or_input")
		if bad == null or bad is String or function.name == "getDetailedConnectionStatus":
			continue
		var wanted: Variant = answer(function.name, 0)
		t.check(wanted == int(bad) if bad is float else wanted == bad, "the seed's answer of %s" % function.name)

func answer(function: String, at: int) -> Variant:
	return plan.functions[function][2].get("answers", {}).get(at, plan.functions[function][0])

func begin(object: Object) -> void:
	net = object
	net.setGenericString("me", "me")
	net.parseIPAddressString("here", "127.0.0.1:9")
	made()
	t.no_error("beginning")

# What functions are given; anew when it is gone.
func made() -> void:
	pair = net.createSocketPair(false, "", "")
	group = net.createPollGroup()
	port = port if port != 0 else 20000 + randi() % 12000
	listener = 0
	for attempt in 100:
		port += 1
		listener = net.createListenSocketIP(place(0), [])
		if listener != 0:
			break
	t.errors()
	t.check(pair.success and group != 0 and listener != 0, "what functions need")

# An address of this machine. All of these are, and no other test uses this one.
func place(further: int) -> String:
	return "127.%d.%d.%d:%d" % [host >> 16 & 255, host >> 8 & 255, host & 255, port + further]

func unmade() -> void:
	for handle in [pair.connection1, pair.connection2]:
		net.closeConnection(handle, 0, "", false)
	net.closeListenSocket(listener)
	net.destroyPollGroup(group)
	t.errors()

func end() -> void:
	unmade()
	net.run_callbacks()
	t.no_error("ending")

# The arguments of a good call.
func good(function: String) -> Array:
	var out := []
	for argument in plan.functions[function][1]:
		match argument[0]:
			"connection":
				out.append(pair.connection1)
			"listener":
				out.append(listener)
			"group":
				out.append(group)
			_:
				out.append(place(1) if argument[1] is String and argument[1] == "free" else argument[1])
	return out

# The simulated network that values were set for.
func as_before() -> void:
	for setting in [2, 3, 4]:
		net.setGlobalConfigValueInt32(setting, 0)
	t.no_error("settings as before")

func hostile(function: String) -> void:
	var kinds: Array = plan.functions[function][1]
	var special: Dictionary = plan.functions[function][2]
	called(function, good(function), not special.has("refused"), special.get("then", plan.functions[function][0]), "good")
	for at in kinds.size():
		for name in given:
			var value: Variant = values.all[name]
			var args := good(function)
			args[at] = value
			var fits: bool = plan.fits(kinds[at][0], value)
			if special.get("own_range") == "ports":
				if fits:
					ports(function, args)
					continue
			var wanted: Variant = answer(function, at)
			if fits and special.has("refused"):
				wanted = special.get("then", plan.functions[function][0])
				fits = false
			called(function, args, fits, wanted, "%s as %s" % [name, kinds[at][0]])

# A request for more ports than there are is made all the same, and its signal says what came of it.
func ports(function: String, args: Array) -> void:
	net.run_callbacks()
	var told := []
	var hear := func(result: int, _identity: String, _ip: String, _ports: Array) -> void: told.append(result)
	net.fake_ip_result.connect(hear)
	calls += 1
	t.same(net.callv(function, args), true, "%s%s" % [function, args])
	var number := int(args[0])
	if number in range(1, 5):
		t.no_error("%s%s" % [function, args])
	else:
		t.one_error(function + ": ", "%s%s" % [function, args])
	net.run_callbacks()
	t.same(told, [8 if number < 1 else 25 if number > 4 else 20], "%s%s" % [function, args])
	net.fake_ip_result.disconnect(hear)

# One call. If it fits, it is answered with a value of the right type and no line; if not, with this answer and one line.
func called(function: String, args: Array, fits: bool, wanted: Variant, what: String) -> void:
	calls += 1
	var got: Variant = net.callv(function, args)
	var lines := t.errors()
	what = "%s with %s" % [function, what]
	if fits:
		t.check(lines.is_empty() and typeof(got) == typeof(wanted), "%s is good: got %s, %s" % [what, type_string(typeof(got)), lines])
	else:
		t.check(lines.size() == 1 and lines[0].begins_with(function + ": ") and lines[0].length() < LINE_MAX,
				"%s: one line, got %s" % [what, lines.map(func(line): return line.left(LINE_MAX))])
		var only: Array = plan.functions[function][2].get("only", [])
		if only.is_empty():
			t.check(typeof(got) == typeof(wanted) and same(got, wanted), "%s: got %s, wanted %s" % [what, got, wanted])
		else:
			t.check(got is Dictionary and only.all(func(key): return same(got[key], wanted[key])), "%s: got %s" % [what, got])
	tidied(function, got, fits)
	if fits and not args.is_empty() and plan.functions[function][1][0][0] == "new name":
		net.clearIdentity(args[0])
		net.clearIPAddress(args[0])
		t.no_error("forgetting a name")

# Types inside too.
func same(one: Variant, other: Variant) -> bool:
	if typeof(one) != typeof(other):
		return false
	if one is Dictionary:
		return one.keys().size() == other.keys().size() and other.keys().all(func(key): return one.has(key) and same(one[key], other[key]))
	if one is Array:
		return one.size() == other.size() and range(one.size()).all(func(at): return same(one[at], other[at]))
	return one == other

# Closes what a call made, and makes what it broke.
func tidied(function: String, got: Variant, fits: bool) -> void:
	var special: Dictionary = plan.functions[function][2]
	if fits and special.has("makes"):
		for handle in [got.connection1, got.connection2] if got is Dictionary else [got]:
			t.check(handle != 0, "%s made something" % function)
			net.callv(special.makes, [handle, 0, "", false] if special.makes == "closeConnection" else [handle])
		t.no_error("closing what %s made" % function)
	if special.has("breaks") and (fits or function == "resetIdentity"):
		unmade()
		made()
	if special.has("breaks") or special.has("makes"):
		net.run_callbacks()

# Handles that are none, of another kind, of another instance, and closed ones, in place of every handle.
func handles() -> void:
	var closed: Dictionary = net.createSocketPair(false, "", "")
	net.closeConnection(closed.connection1, 0, "", false)
	net.closeConnection(closed.connection2, 0, "", false)
	var destroyed: int = net.createPollGroup()
	net.destroyPollGroup(destroyed)
	var other := NetworkingSocketsContext.new()
	var elsewhere: Dictionary = other.createSocketPair(false, "", "")
	t.no_error("handles that are none")
	for function in plan.functions:
		var kinds: Array = plan.functions[function][1]
		for at in kinds.size():
			var kind: String = kinds[at][0]
			if not kind in ["connection", "listener", "group", "group or 0"]:
				continue
			var bad := {"0": 0, "closed": closed.connection1, "destroyed": destroyed, "unknown": 0x7fff0001,
					"elsewhere": elsewhere.connection1, "2^32 too much": pair.connection1 + (1 << 32), "negative": -pair.connection1,
					"connection": pair.connection1, "listener": listener, "group": group}
			bad.erase(kind)
			if kind == "group or 0":
				bad.erase("0")
				bad.erase("group")
			for name in bad:
				var args := good(function)
				args[at] = bad[name]
				called(function, args, false, answer(function, at), "handle `%s` as %s" % [name, kind])
	for handle in [elsewhere.connection1, elsewhere.connection2]:
		other.closeConnection(handle, 0, "", false)
	t.no_error("handles that are none")

# Names that stand for nothing where something is needed, and the empty name.
func names() -> void:
	net.addIdentity("empty")
	t.no_error("an identity that is not set yet")
	for function in plan.functions:
		var kinds: Array = plan.functions[function][1]
		for at in kinds.size():
			var bad := []
			match kinds[at][0]:
				"identity":
					bad = ["unknown", "", "here", "invalid", "steamid:1", "gen:", "gen:xx", "xboxpwid:", "UPPER:x", "ip:1.2.3"]
					if function.begins_with("connect") or function.begins_with("find"):
						bad.append("empty")
				"address", "address with port", "address text":
					bad = ["unknown", "", "me", "1.2.3", "1.2.3.4:65536", "1.2.3.4:-1", "[::1", "::1:", "localhost:5", "256.1.1.1:5"]
					if kinds[at][0] == "address with port":
						bad += ["1.2.3.4", "1.2.3.4:0", "::1"]
				"identity text":
					bad = ["unknown", "", "invalid", "steamid:1", "steamid:x", "gen:", "gen:123", "xboxpwid:", "str:" + "x".repeat(32), ":", "a b:c"]
				"new name":
					bad = ["", "x".repeat(256)]
			for value in bad:
				var args := good(function)
				args[at] = value
				called(function, args, false, answer(function, at), "`%s` as %s" % [value.left(20), kinds[at][0]])
	net.clearIdentity("empty")
	t.no_error("names")
	# Addresses that are no places of this machine, and one that is taken.
	for address in ["192.0.2.1:%d" % port, "[2001:db8::1]:%d" % port, place(0)]:
		called("createListenSocketIP", [address, []], false, 0, address)

# Options with one bad part: nothing is made, and the address stays free.
func parts_of_options() -> void:
	made_by_signal = 0
	var count := func(_handle: int, facts: Dictionary, old: int) -> void:
		if old == 0 and facts.connection_state == 1:
			made_by_signal += 1
	net.network_connection_status_changed.connect(count)
	var address := place(1)
	for name in given:
		var value: Variant = values.all[name]
		var number: bool = plan.whole(value)
		option([[24, 1, 500], value], address, false, "%s as an option" % name)
		option([value, [24, 1, 500]], address, false, "%s as first option" % name)
		option([[value, 1, 500]], address, false, "%s as setting" % name)
		option([[24, value, 500]], address, number and int(value) in range(1, 5), "%s as data type" % name)
		option([[24, 1, value]], address, plan.between(value, -(1 << 31), (1 << 31) - 1) or (value is float and not is_nan(value)),
				"%s as data value" % name)
		# What is inside itself has no hash that comes to an end.
		if not name.ends_with("inside itself"):
			option({value: 500}, address, false, "%s as key" % name)
		option({24: 500, 25: value}, address, plan.between(value, -(1 << 31), (1 << 31) - 1) or (value is float and not is_nan(value)),
				"%s as value" % name)
	for shape in [[[24, 1]], [[24, 1, 500, 0]], [[]], [24, 1, 500], [[0, 1, 1]], [[35, 1, 1]], [[99999, 1, 1]], [[33, 1, 1]],
			[[4, 1, 1]], [[24, 5, 500]], [[24, 0, 500]], [[201, 1, 5]], [[24, 5, func() -> void: pass]]]:
		option(shape, address, false, "options %s" % [shape])
	var many := []
	many.resize(257)
	many.fill([24, 1, 500])
	option(many, address, false, "257 options")
	if net == NetworkingSockets:
		callables_of_nothing(address)
	net.run_callbacks()
	net.network_connection_status_changed.disconnect(count)
	t.same(made_by_signal, 0, "connections made by options that are bad")

# Callables of connections that were never made are not kept: there is room for 4096.
func callables_of_nothing(address: String) -> void:
	var kept := RefCounted.new()
	var gone: WeakRef = weakref(kept)
	for n in 4200:
		net.connectByIPAddress("127.0.0.1:0", [[201, 5, func(_h: int, _f: Dictionary, _o: int) -> void: kept.get_class()], [24, 1, 500]])
	t.same(t.errors().filter(func(line: String) -> bool: return "has no port" in line).size(), 4200, "refused for the port alone")
	kept = null
	t.same(gone.get_ref(), null, "what they held on to is gone")
	called("connectByIPAddress", [address, {201: func(_h: int, _f: Dictionary, _o: int) -> void: pass}], true, 0, "a callable")
	made_by_signal -= 1

func option(options: Variant, address: String, fits: bool, what: String) -> void:
	for function in ["createListenSocketIP", "connectByIPAddress"]:
		called(function, [address, options], fits, 0, what)
		if fits and function == "connectByIPAddress":
			made_by_signal -= 1
	if not fits:
		var again: int = net.createListenSocketIP(address, [])
		t.check(again != 0, "%s: the address stays free" % what)
		net.closeListenSocket(again)
		t.no_error("%s: the address stays free" % what)

# Lists with one bad element: no message is sent, no lane is made.
func parts_of_lists() -> void:
	var to: int = pair.connection2
	net.receiveMessagesOnConnection(to, 65536)
	t.no_error("reading what was sent before")
	var one := PackedByteArray([1])
	for name in given:
		var value: Variant = values.all[name]
		for list in [[value, one], [one, value], [one, value, one]]:
			if value is PackedByteArray:
				continue
			called("sendMessagesArray", [list, pair.connection1, 8], false, [], "%s among messages" % name)
		for function in ["configureConnectionLanes", "configureConnectionLanesLowFirst"]:
			if not plan.whole(value):
				called(function, [pair.connection1, 2, [0, value], [1, 1]], false, 8, "%s among priorities" % name)
			if not plan.between(value, 1, 65535):
				called(function, [pair.connection1, 2, [0, 1], [value, 1]], false, 8, "%s among weights" % name)
	for shape in [[3, [0, 1], []], [2, [0], [1]], [2, [0, 1], [1]], [0, [], []], [256, [], []], [1 << 40, [], []], [-1, [], []],
			[2, [[0], 1], []], [2, {}, []], [2, [0, 1], [0, 1]], [2, [0, 1], [1, 65536]], [1, [0, 1], []]]:
		called("configureConnectionLanes", [pair.connection1] + shape, false, 8, "lanes %s" % [shape])
	called("sendMessageToConnectionOnLane", [pair.connection1, one, 8, 1], false, {"result": 8, "message_number": -1}, "a lane that is not")
	t.same(net.receiveMessagesOnConnection(to, 100).size(), 0, "nothing was sent")
	too_large()

# The first message that is too large ends the call; what came before it is sent.
func too_large() -> void:
	var apart: Dictionary = net.createSocketPair(true, "", "")
	var one := PackedByteArray([1])
	var large: PackedByteArray = values.all["long PackedByteArray"]
	called("sendMessageToConnection", [apart.connection1, large, 8], false, {"result": 8, "message_number": -1}, "too much")
	called("sendMessages", [2, large, apart.connection1, 8], false, null, "too much")
	called("sendMessagesArray", [[one, large, one], apart.connection1, 8], false, [1, -8, 0], "too much in the middle")
	net.sendMessageToConnection(apart.connection1, PackedByteArray([2]), 8)
	var arrived := []
	var begin := Time.get_ticks_msec()
	while arrived.size() < 2 and Time.get_ticks_msec() - begin < 10000:
		arrived += net.receiveMessagesOnConnection(apart.connection2, 100)
	t.same(arrived.map(func(message): return message.payload), [one, PackedByteArray([2])], "only what fits was sent")
	for handle in [apart.connection1, apart.connection2]:
		net.closeConnection(handle, 0, "", false)
	t.no_error("what was sent")
