# Somebody is trusted, so peers elsewhere have to prove who they are, and peers on this machine do not.
# names: NetworkingSockets
# setting: gamesockets/trusted_roots=PackedStringArray("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea x")
# setting: gamesockets/automatic_callbacks=false
extends SceneTree

const WITHOUT_PROOF := 23
const WITHOUT_PROOF_HERE := 52
const SETTING := "gamesockets/trusted_roots"

var t := preload("res://harness.gd").new()
var states := {}

func _initialize() -> void:
	var key: String = ProjectSettings.get_setting(SETTING)[0]
	for net in [NetworkingSockets, NetworkingSocketsContext.new()]:
		t.same(setting(net, WITHOUT_PROOF), 0, "proof is needed from elsewhere")
		t.same(setting(net, WITHOUT_PROOF_HERE), 2, "not from here")
	ProjectSettings.set_setting(SETTING, PackedStringArray())
	var alone := NetworkingSocketsContext.new()
	t.same(setting(alone, WITHOUT_PROOF), 2, "nobody is trusted, so nobody can prove anything")
	t.same(alone.addTrustedRoot(key), true, "from now on somebody is trusted")
	t.same(setting(alone, WITHOUT_PROOF), 0, "proof is needed from now on")
	t.same(setting(alone, WITHOUT_PROOF_HERE), 2, "not from here still")
	t.same(ProjectSettings.get_setting("gamesockets/automatic_callbacks"), false, "the other setting of the same section")
	t.no_error("roots")
	meets(true)
	meets(false)
	nonsense()
	t.finish(self)

func setting(net: Object, number: int) -> Variant:
	return net.getConfigValue(number, 1, 0).value

# A client without a certificate comes from this machine, to a server that does or does not let such in.
func meets(lets_in: bool) -> void:
	var server := NetworkingSockets
	if not lets_in:
		server.setGlobalConfigValueInt32(WITHOUT_PROOF_HERE, 0)
	var port := 20000 + randi() % 40000
	var listener: int = 0
	while listener == 0:
		port += 1
		listener = server.createListenSocketIP("127.0.0.1:%d" % port, [])
	t.errors()
	var client := NetworkingSocketsContext.new()
	var seen := [0]
	var accept := func(handle: int, facts: Dictionary, old: int) -> void:
		seen[0] += 1
		if old == 0 and facts.connection_state == 1:
			server.acceptConnection(handle)
	server.network_connection_status_changed.connect(accept)
	# Who cannot prove it is not even answered: soon enough.
	var connection: int = client.connectByIPAddress("127.0.0.1:%d" % port, [] if lets_in else [[24, 1, 1000]])
	var begin := Time.get_ticks_msec()
	var facts: Dictionary = client.getConnectionInfo(connection)
	while facts.connection_state < 3 and Time.get_ticks_msec() - begin < 15000:
		server.run_callbacks()
		client.run_callbacks()
		facts = client.getConnectionInfo(connection)
	server.network_connection_status_changed.disconnect(accept)
	t.same(facts.connection_state, 3 if lets_in else 5, "a client without a certificate")
	t.same(facts.end_reason, 0 if lets_in else 5003, "and why")
	t.check((seen[0] > 0) == lets_in, "what the server sees of it: %d events" % seen[0])
	client.closeConnection(connection, 0, "", false)
	if not lets_in:
		t.same(server.connectByIPAddress("127.0.0.1:%d" % port, []), 0, "we need a certificate ourselves")
		t.one_error("connectByIPAddress: ", "we need a certificate ourselves")
	server.closeListenSocket(listener)
	server.run_callbacks()
	t.no_error("meeting")

# A setting that is no key: nothing works, rather than that everybody is trusted, and each call says why.
func nonsense() -> void:
	for value in [PackedStringArray(["nonsense"]), ["nonsense"], "nonsense", 5, [null], {}, Vector2(), PackedByteArray([1]),
			PackedStringArray(["# a remark", "", "ssh-ed25519 AAAA"]), "x".repeat(1 << 20)]:
		ProjectSettings.set_setting(SETTING, value)
		var net := NetworkingSocketsContext.new()
		var what := "roots of type %s" % type_string(typeof(value))
		t.same(net.getIdentity(), "", what)
		said("getIdentity", what)
		t.same(net.createPollGroup(), 0, what)
		said("createPollGroup", what)
		t.same(net.connectByIPAddress("127.0.0.1:9", []), 0, what)
		said("connectByIPAddress", what)
		t.same(net.createSocketPair(true, "", ""), {"success": false, "connection1": 0, "connection2": 0}, what)
		said("createSocketPair", what)
		t.same(net.sendMessageToConnection(1, PackedByteArray(), 8), {"result": 8, "message_number": -1}, what)
		said("sendMessageToConnection", what)
		t.same(net.getAuthenticationStatus(), 0, what)
		said("getAuthenticationStatus", what)
		net.run_callbacks()
		net.runNetworkingCallbacks()
		t.same(net.getIdentities(), [], what)
		t.no_error(what)
	for value in [PackedStringArray(), [], PackedStringArray(["# a remark", ""]), [""], ""]:
		ProjectSettings.set_setting(SETTING, value)
		t.same(NetworkingSocketsContext.new().getIdentity(), "ip:::1", "nobody to trust")
	t.no_error("nobody to trust")

# One line, with the function's and the setting's name.
func said(function: String, what: String) -> void:
	var lines := t.errors()
	t.check(lines.size() == 1 and lines[0].begins_with(function + ": ") and SETTING in lines[0] and lines[0].length() < 500,
			"%s: one line, got %s" % [what, lines])
