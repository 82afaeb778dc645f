# What is answered by functions whose engine does not exist yet, and that no function is forgotten: each one is either
# used by a script that shows it working, or stands here. Who builds such an engine takes its functions off this list.
extends SceneTree

# Scripts that show functions working. Those with wrong arguments do not count.
const WORKING := ["test_contexts.gd", "test_helpers.gd", "test_godotsteam.gd"]
# Returns a dictionary with keys only once there are tickets.
const NO_TICKET := "receivedRelayAuthTicket"
# In an argument's place: a connection that is there, with a peer.
const CONNECTION := &"connection"
# Whether a call is told to be in vain, by one error line with the function's name.
const TOLD := true
const SILENT := false
const FAKE_IP_NONE := {"result": 42, "identity_type": 0, "ip": 0, "ports": 0, "identity": "", "ip_address": "",
	"port_list": []}
const FAKE_IP_FAILED := {"result": 20, "identity_type": 0, "ip": 0, "ports": 0, "identity": "", "ip_address": "",
	"port_list": []}
# Signals that follow: function -> signal, arguments. Nothing follows the others.
const FOLLOWS := {
	"beginAsyncRequestFakeIP": ["fake_ip_result", [20, "fake_ip_identity", "0.0.0.0", []]],
}

var t := preload("res://harness.gd").new()
var page := preload("res://seed.gd").new(t)
# Signals that came: name, arguments.
var came := []

# Function, arguments, answer, whether an error line says that it is in vain. In this order.
func missing() -> Array:
	var bytes := "data".to_utf8_buffer()
	return [
		# Peers that are found by identity: no rendezvous service.
		["createListenSocketP2P", [0, []], 0, TOLD],
		["connectP2P", ["str:peer", 0, []], 0, TOLD],
		# Relays, and servers behind them: no configuration of relays, no SDR_LISTEN_PORT, no tickets.
		["initRelayNetworkAccess", [], null, SILENT],
		["createHostedDedicatedServerListenSocket", [0, []], 0, TOLD],
		["connectToHostedDedicatedServer", ["str:server", 0, []], 0, TOLD],
		["getHostedDedicatedServerPort", [], 0, SILENT],
		["getHostedDedicatedServerPOPId", [], 0, SILENT],
		["getHostedDedicatedServerPOPID", [], 0, SILENT],
		["getHostedDedicatedServerAddress", [], 11, SILENT],
		["getHostedDedicatedServerAddressInfo", [], {"result": 11, "pop_id": 0, "routing": PackedByteArray()}, SILENT],
		["getGameCoordinatorServerLogin", ["application"], 21, SILENT],
		["getGameCoordinatorServerLoginBlob", [], PackedByteArray(), SILENT],
		["receivedRelayAuthTicket", [], {}, TOLD],
		["receivedRelayAuthTicket", [bytes], {}, TOLD],
		["findRelayAuthTicketForServer", [76561197960265733, 0], 0, SILENT],
		["findRelayAuthTicketForServer", [76561197960265733, -1], 0, SILENT],
		["findRelayAuthTicketForServerByIdentity", ["str:server", -1], 0, SILENT],
		# Fake addresses: nobody gives them.
		["getFakeIP", [0], FAKE_IP_NONE, SILENT],
		["createListenSocketP2PFakeIP", [0, []], 0, TOLD],
		["beginAsyncRequestFakeIP", [1], true, SILENT],
		["getFakeIP", [], FAKE_IP_FAILED, SILENT],
		["getRemoteFakeIPForConnection", [CONNECTION], {"result": 31, "port": 0, "ip_type": 0, "ip_address": ""}, SILENT],
		["createFakeUDPPort", [-1], null, TOLD],
		["createFakeUDPPortHandle", [-1], 0, TOLD],
		["sendMessageToFakeIP", [1, "169.254.0.1:1", bytes, 0], 80, TOLD],
		["receiveMessagesOnFakeUDPPort", [1, 1], [], TOLD],
		["scheduleFakeUDPPortCleanup", [1, "169.254.0.1:1"], null, TOLD],
		["destroyFakeUDPPort", [1], null, TOLD],
	]

func _initialize() -> void:
	answers(NetworkingSockets)
	answers(NetworkingSocketsContext.new())
	hosted(NetworkingSocketsContext.new())
	nothing_is_forgotten()
	t.finish(self)

func answers(sockets: Object) -> void:
	var what := sockets.get_class()
	for one: Dictionary in page.index.signals:
		sockets.connect(one.name, arrived(one.name, one.payload.size()))
	var pair: Dictionary = sockets.call("createSocketPair", false, "str:peer", "")
	var rows := missing()
	for row: Array in rows:
		var name: String = row[0]
		var arguments: Array = row[1].map(func(value: Variant) -> Variant:
			return pair.connection1 if value is StringName else value)
		came.clear()
		t.errors()
		var got: Variant = sockets.callv(name, arguments)
		same_deep(got, row[2], "%s.%s%s" % [what, name, arguments])
		if row[3]:
			t.one_error(name + ": ", "%s in vain" % name)
		else:
			t.no_error(name)
		sockets.call("run_callbacks")
		for one: Array in came:
			t.same(one[1].map(func(value: Variant) -> int: return typeof(value)), page.types_of_signal(one[0]),
					"types of the arguments of %s" % one[0])
		same_deep(came, [FOLLOWS[name]] if FOLLOWS.has(name) else [], "signals after %s" % name)
	t.check(rows.size() > 25, "a list of functions")
	page.keys_match(sockets.call("getFakeIP"), page.shape_of_function("getFakeIP"), "getFakeIP")
	page.keys_match(sockets.call("getRemoteFakeIPForConnection", pair.connection1),
			page.shape_of_function("getRemoteFakeIPForConnection"), "getRemoteFakeIPForConnection")
	t.same(sockets.call("toIdentityString", "fake_ip_identity"), "ip:::1", "the identity that asked")
	for end in [pair.connection1, pair.connection2]:
		sockets.call("closeConnection", end, 0, "", false)
	for one: Dictionary in page.index.signals:
		for connection in sockets.get_signal_connection_list(one.name):
			sockets.disconnect(one.name, connection.callable)

func arrived(name: String, count: int) -> Callable:
	match count:
		2: return func(a: Variant, b: Variant) -> void: came.append([name, [a, b]])
		3: return func(a: Variant, b: Variant, c: Variant) -> void: came.append([name, [a, b, c]])
		_: return func(a: Variant, b: Variant, c: Variant, d: Variant) -> void: came.append([name, [a, b, c, d]])

# What a hosted server's surroundings change, as long as it cannot be one.
func hosted(sockets: NetworkingSocketsContext) -> void:
	OS.set_environment("SDR_LISTEN_PORT", "27015")
	t.same(sockets.getHostedDedicatedServerPort(), 27015, "port")
	t.same(sockets.getHostedDedicatedServerPOPId(), NetworkingSockets.k_SteamDatagramPOPID_dev, "a developer's machine")
	OS.set_environment("SDR_POPID", "eatx")
	t.same(sockets.getHostedDedicatedServerPOPID(), 0x78656174, "a data centre")
	t.same(sockets.getHostedDedicatedServerAddress(), 2, "an address")
	same_deep(sockets.getHostedDedicatedServerAddressInfo(),
			{"result": 2, "pop_id": 0x78656174, "routing": PackedByteArray()}, "an address, in full")
	t.same(sockets.getGameCoordinatorServerLogin(), 21, "a login of nobody")
	sockets.resetIdentity("str:server")
	t.same(sockets.getGameCoordinatorServerLogin("data".to_utf8_buffer()), 2, "a login")
	OS.unset_environment("SDR_LISTEN_PORT")
	OS.unset_environment("SDR_POPID")
	t.same(sockets.getGameCoordinatorServerLogin(), 11, "a login without hosting")
	t.no_error("hosting that is not there")

# Every function that the classes have is shown working, or answers as missing.
func nothing_is_forgotten() -> void:
	var rows := {}
	for row: Array in missing():
		rows[row[0]] = true
	var used := {}
	for script: String in WORKING:
		used.merge(used_by(script))
	var functions := ClassDB.class_get_method_list("NetworkingSocketsContext", true)
	t.check(functions.size() >= 42, "functions to look for")
	for function in functions:
		var name: String = function.name
		t.check(rows.has(name) or used.has(name), "%s is shown working by %s, or answers as missing" % [name, WORKING])
	for name: String in rows:
		t.check(ClassDB.class_has_method("NetworkingSocketsContext", name, true), "%s exists" % name)
		t.check(not used.has(name), "%s works in %s, so it is not missing" % [name, used.get(name)])
	keys_are_compared()
	print("%d functions: %d missing, the others work" % [functions.size(), rows.size()])

# Every dictionary that the index describes is compared with it somewhere, but for one that nobody can get yet.
func keys_are_compared() -> void:
	var text := FileAccess.get_file_as_string("res://test_missing.gd")
	for script: String in WORKING:
		text += FileAccess.get_file_as_string("res://" + script)
	var described := 0
	for function: Dictionary in page.functions() + page.index.implied_helpers:
		var returns: Variant = function.returns
		var keys: bool = returns.contains("{") if returns is String else returns.has("keys") or returns.has("element")
		if keys:
			described += 1
			var uses := text.contains("shape_of_function(\"%s\")" % function.name)
			t.same(uses, function.name != NO_TICKET, "somebody compares the keys of %s" % function.name)
	t.same(described, 14, "functions whose keys the index describes")

# The methods that a script calls, outside its comments. A function of its own that nothing calls does not count, so
# there must be none.
func used_by(script: String) -> Dictionary:
	t.check(FileAccess.file_exists("res://" + script), "%s is there" % script)
	var text := ""
	for line in FileAccess.get_file_as_string("res://" + script).split("\n"):
		if not line.strip_edges().begins_with("#"):
			text += line + "\n"
	var own := RegEx.create_from_string("\\n\\t*func (\\w+)\\(")
	for found in own.search_all(text):
		var name := found.get_string(1)
		var uses := RegEx.create_from_string("\\b%s\\b" % name).search_all(text).size()
		t.check(name.begins_with("_") or uses > 1, "%s: somebody calls %s" % [script, name])
	var names := {}
	for found in RegEx.create_from_string("\\.(\\w+)\\(").search_all(text):
		names[found.get_string(1)] = script
	return names

# The same, down to the types inside.
func same_deep(got: Variant, wanted: Variant, what: String) -> void:
	if wanted is Dictionary and got is Dictionary:
		t.same(got.size(), wanted.size(), "%s: keys" % what)
		for key: Variant in wanted:
			t.check(got.has(key), "%s: %s" % [what, key])
			same_deep(got.get(key), wanted[key], "%s: %s" % [what, key])
	elif wanted is Array and got is Array:
		t.same(got.size(), wanted.size(), "%s: elements" % what)
		for at in mini(got.size(), wanted.size()):
			same_deep(got[at], wanted[at], "%s[%d]" % [what, at])
	else:
		t.same(got, wanted, what)
