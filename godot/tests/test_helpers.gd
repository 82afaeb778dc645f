# Identities and addresses under names, proof of who we are: what the functions beside the page's own do.
# setting: gamesockets/automatic_callbacks=false
extends SceneTree

const Party := preload("res://party.gd")
const GLOBAL := NetworkingSockets.NETWORKING_CONFIG_SCOPE_GLOBAL
const WITHOUT_AUTH := NetworkingSockets.NETWORKING_CONFIG_IP_ALLOW_WITHOUT_AUTH
const LOCALHOST_WITHOUT_AUTH := NetworkingSockets.NETWORKING_CONFIG_IP_LOCALHOST_ALLOW_WITHOUT_AUTH
const INT32 := NetworkingSockets.NETWORKING_CONFIG_TYPE_INT32
const INT64 := NetworkingSockets.NETWORKING_CONFIG_TYPE_INT64
const FLOAT := NetworkingSockets.NETWORKING_CONFIG_TYPE_FLOAT
const STRING := NetworkingSockets.NETWORKING_CONFIG_TYPE_STRING
const FUNCTION := NetworkingSockets.NETWORKING_CONFIG_TYPE_FUNCTION_PTR
# Constants that stand for no setting.
const NO_SETTING := [NetworkingSockets.NETWORKING_CONFIG_INVALID,
	NetworkingSockets.NETWORKING_CONFIG_DELETED_ENUMERATE_DEV_VARS,
	NetworkingSockets.NETWORKING_CONFIG_VALUE_FORCE32BIT]
# Settings that follow from others.
const READ_ONLY := [NetworkingSockets.NETWORKING_CONFIG_MTU_DATA_SIZE]
const CANNOT_TRY := NetworkingSockets.NETWORKING_AVAILABILITY_CANNOT_TRY
const CURRENT := NetworkingSockets.NETWORKING_AVAILABILITY_CURRENT
const RELIABLE := NetworkingSockets.NETWORKING_SEND_RELIABLE
# An authority that exists for this test alone, and a certificate of `str:ada` by it together with its key, as Base64;
# both are good for a hundred years.
const ROOT := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFQw4ocfC4T6XiBnbzL/FFpOQ8VC4i96uRbnNz7uKG2a gamesockets authority"
const ADA := "CiAZ2JA6NxCjSwF63PGDNYPQvTE4E+EnmSTTsO0DEffPSiJACAESIFvSoP5nPe6RHNICYip6siIbYO8Eho/SqTUb935uPJoRRZfR" + \
		"CWtN/////1AAWgUaA2FkYWIHc3RyOmFkYSm/zy2bXoGfOTJA3M7Lzbr+s3I7Epqd/VuQk36fVxKjDXFjMJQIyll/hdoiJtthy0Dl" + \
		"/OSEdTEWoaDbPFmz4v9D1nUae0TWIn6kAA=="
# The first account of all, and its number of 32 bits.
const ACCOUNT := 76561197960265733
const ACCOUNT_SHORT := 5

var t := preload("res://harness.gd").new()
var page := preload("res://seed.gd").new(t)

func _initialize() -> void:
	for sockets: Object in [NetworkingSockets, NetworkingSocketsContext.new()]:
		identities(sockets)
		addresses(sockets)
		t.no_error("good names")
	apart()
	by_name()
	every_setting()
	proof()
	t.check(page.compared > 50, "keys were compared")
	t.no_error("the rest")
	t.finish(self)

# Every kind: what makes it, what reads it, its type, its text.
func identities(sockets: Variant) -> void:
	var bytes := PackedByteArray([1, 2, 255])
	t.same(sockets.addIdentity("empty"), true, "addIdentity")
	t.same(sockets.isIdentityInvalid("empty"), true, "an empty one")
	sockets.setIdentitySteamID("short", ACCOUNT_SHORT)
	sockets.setIdentitySteamID64("account", ACCOUNT)
	for name: String in ["short", "account"]:
		t.same(sockets.getIdentitySteamID(name), ACCOUNT_SHORT, "getIdentitySteamID")
		t.same(sockets.getIdentitySteamID64(name), ACCOUNT, "getIdentitySteamID64")
	t.same(sockets.setIdentityIPAddr("address", "192.0.2.7:9"), true, "setIdentityIPAddr")
	t.same(sockets.getIdentityIPAddr("address"), 0xc0000207, "getIdentityIPAddr")
	sockets.setIdentityLocalHost("local")
	t.same(sockets.isIdentityLocalHost("local"), true, "isIdentityLocalHost")
	t.same(sockets.isIdentityLocalHost("address"), false, "isIdentityLocalHost of another")
	t.same(sockets.setGenericString("text", "Löckchen"), true, "setGenericString")
	t.same(sockets.getGenericString("text"), "Löckchen", "getGenericString")
	t.same(sockets.setGenericBytes("byte", 200), true, "setGenericBytes")
	t.same(sockets.getGenericBytes("byte"), 200, "getGenericBytes")
	t.same(sockets.setGenericBytesArray("bytes", bytes), true, "setGenericBytesArray")
	t.same(sockets.getGenericBytesArray("bytes"), bytes, "getGenericBytesArray")
	t.same(sockets.getGenericBytes("bytes"), 1, "the first of several")
	t.same(sockets.setXboxPairwiseID("xbox", "pair"), true, "setXboxPairwiseID")
	t.same(sockets.getXboxPairwiseID("xbox"), "pair", "getXboxPairwiseID")
	# Unsigned numbers of 64 bits appear as signed ones.
	sockets.setPSNID("psn", -1)
	t.same(sockets.getPSNID("psn"), -1, "getPSNID")
	sockets.setStadiaID("stadia", 5)
	t.same(sockets.getStadiaID("stadia"), 5, "getStadiaID")
	# Of another kind than asked for.
	t.same([sockets.getIdentitySteamID64("text"), sockets.getIdentityIPAddr("text"), sockets.getGenericString("bytes"),
		sockets.getGenericBytesArray("text"), sockets.getXboxPairwiseID("psn"), sockets.getPSNID("xbox"),
		sockets.getStadiaID("psn")], [0, 0, "", PackedByteArray(), "", 0, 0], "of another kind")
	var kinds := {
		"empty": [NetworkingSockets.IDENTITY_TYPE_INVALID, "invalid"],
		"short": [NetworkingSockets.IDENTITY_TYPE_STEAMID, "steamid:%d" % ACCOUNT],
		"account": [NetworkingSockets.IDENTITY_TYPE_STEAMID, "steamid:%d" % ACCOUNT],
		"address": [NetworkingSockets.IDENTITY_TYPE_IP_ADDRESS, "ip:192.0.2.7:9"],
		"local": [NetworkingSockets.IDENTITY_TYPE_IP_ADDRESS, "ip:::1"],
		"text": [NetworkingSockets.IDENTITY_TYPE_GENERIC_STRING, "str:Löckchen"],
		"byte": [NetworkingSockets.IDENTITY_TYPE_GENERIC_BYTES, "gen:c8"],
		"bytes": [NetworkingSockets.IDENTITY_TYPE_GENERIC_BYTES, "gen:0102ff"],
		"xbox": [NetworkingSockets.IDENTITY_TYPE_XBOX_PAIRWISE, "xboxpwid:pair"],
		"psn": [NetworkingSockets.IDENTITY_TYPE_SONY_PSN, "psn:18446744073709551615"],
		"stadia": [NetworkingSockets.IDENTITY_TYPE_GOOGLE_STADIA, "stadia:5"],
	}
	for text: String in ["str:", "ip:2001:db8::1", "ip:[2001:db8::1]:5", "psn:7", "future:thing"]:
		t.same(sockets.parseIdentityString(text, text), true, "parseIdentityString")
		t.same(sockets.toIdentityString(text), text, "there and back")
	for text: String in ["str:", "ip:2001:db8::1", "ip:[2001:db8::1]:5", "psn:7"]:
		sockets.clearIdentity(text)
	kinds["future:thing"] = [NetworkingSockets.IDENTITY_TYPE_UNKNOWN_TYPE, "future:thing"]
	var all: Array = sockets.getIdentities()
	page.all_match(all, page.shape_of_function("getIdentities"), kinds.size(), "getIdentities")
	for one: Dictionary in all:
		var wanted: Array = kinds.get(one.reference_name, [-1, ""])
		t.same(one.type, wanted[0], "type of %s" % one.reference_name)
		t.same(one.steam_id, ACCOUNT if one.type == NetworkingSockets.IDENTITY_TYPE_STEAMID else 0, "number")
		t.same(sockets.toIdentityString(one.reference_name), wanted[1], "text of %s" % one.reference_name)
		t.same(sockets.isIdentityInvalid(one.reference_name), one.type == 0, "whether there is one")
	sockets.clearIdentity("text")
	t.same(sockets.isIdentityInvalid("text"), true, "clearIdentity")
	t.same(sockets.getIdentities().size(), kinds.size() - 1, "one less")

func addresses(sockets: Variant) -> void:
	t.same(sockets.addIPAddress("zero"), true, "addIPAddress")
	t.same(sockets.isIPv6AllZeros("zero"), true, "isIPv6AllZeros")
	sockets.setIPv4("four", 0x7f000001, 27015)
	t.same([sockets.getIPv4("four"), sockets.isIPv4("four"), sockets.isAddressLocalHost("four"),
		sockets.isIPv6AllZeros("four")], [0x7f000001, true, true, false], "IPv4")
	t.same([sockets.toIPAddressString("four", true), sockets.toIPAddressString("four", false)],
			["127.0.0.1:27015", "127.0.0.1"], "toIPAddressString")
	sockets.setIPv6("six", 1, 65535)
	t.same([sockets.toIPAddressString("six", true), sockets.isIPv4("six"), sockets.getIPv4("six"),
		sockets.isAddressLocalHost("six")], ["[::1]:65535", false, 0, true], "IPv6 of one byte")
	sockets.setIPv6Array("whole", PackedByteArray([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]), 9)
	t.same([sockets.toIPAddressString("whole", true), sockets.isAddressLocalHost("whole")],
			["[2001:db8::7]:9", false], "IPv6 of 16 bytes")
	sockets.setIPv6LocalHost("local", 8)
	t.same([sockets.toIPAddressString("local", true), sockets.isAddressLocalHost("local")], ["[::1]:8", true],
			"setIPv6LocalHost")
	t.same(sockets.parseIPAddressString("parsed", "203.0.113.5:80"), true, "parseIPAddressString")
	t.same(sockets.toIPAddressString("parsed", true), "203.0.113.5:80", "there and back")
	var all: Array = sockets.getIPAddresses()
	page.all_match(all, page.shape_of_function("getIPAddresses"), 6, "getIPAddresses")
	var wanted := {"zero": [false, 0], "four": [true, 0x7f000001], "six": [true, 0], "whole": [false, 0],
		"local": [true, 0], "parsed": [false, 0xcb007105]}
	for one: Dictionary in all:
		t.same([one.localhost, one.ip_address], wanted.get(one.reference_name), "address %s" % one.reference_name)
	sockets.clearIPAddress("parsed")
	t.same(sockets.getIPAddresses().size(), 5, "clearIPAddress")

# Each instance has its own names.
func apart() -> void:
	var one := NetworkingSocketsContext.new()
	var other := NetworkingSocketsContext.new()
	one.setGenericString("who", "one")
	other.setGenericString("who", "other")
	one.addIPAddress("where")
	t.same([one.getGenericString("who"), other.getGenericString("who")], ["one", "other"], "names of their own")
	t.same([one.getIPAddresses().size(), other.getIPAddresses().size()], [1, 0], "addresses of their own")
	one.resetIdentity("who")
	t.same([one.getIdentity(), other.getIdentity()], ["str:one", "ip:::1"], "identities of their own")

# Names stand for addresses where one listens and connects.
func by_name() -> void:
	var sockets := NetworkingSocketsContext.new()
	var port := 0
	var listener := 0
	for attempt in 100:
		port = 20000 + randi() % 20000
		sockets.setIPv4("here", 0x7f000001, port)
		listener = sockets.createListenSocketIP("here", [])
		if listener != 0:
			break
	t.check(listener != 0, "listening under a name")
	t.errors()
	var connection: int = sockets.connectByIPAddress("here", [])
	t.same(sockets.getConnectionInfo(connection).remote_address, "127.0.0.1:%d" % port, "connecting to a name")
	t.same(sockets.closeConnection(connection, 0, "", false), true, "close")
	t.same(sockets.closeListenSocket(listener), true, "close")

# There is a setting behind every constant, and what it is can be set again.
func every_setting() -> void:
	var sockets := NetworkingSocketsContext.new()
	var seen := {}
	for name in ClassDB.class_get_enum_constants("NetworkingSocketsContext", "NetworkingConfigValue", true):
		var number := ClassDB.class_get_integer_constant("NetworkingSocketsContext", name)
		var got: Dictionary = sockets.getConfigValue(number, GLOBAL, 0)
		t.same(got.keys(), ["result", "type", "value"], "keys of %s" % name)
		if number in NO_SETTING:
			t.same([got.result, got.type, got.value], [NetworkingSockets.NETWORKING_GET_CONFIG_VALUE_BAD_VALUE, 0, null], name)
			t.one_error("getConfigValue: ", name)
			continue
		t.same(got.result, NetworkingSockets.NETWORKING_GET_CONFIG_VALUE_OK, name)
		var type: int = {INT32: TYPE_INT, INT64: TYPE_INT, FLOAT: TYPE_FLOAT, STRING: TYPE_STRING,
			FUNCTION: TYPE_INT}.get(got.type, TYPE_MAX)
		t.same(typeof(got.value), type, "type of %s" % name)
		t.no_error(name)
		var again := true
		match got.type:
			INT32, INT64: again = sockets.setGlobalConfigValueInt32(number, got.value)
			FLOAT: again = sockets.setGlobalConfigValueFloat(number, got.value)
			STRING: again = sockets.setGlobalConfigValueString(number, got.value)
		t.same(again, not number in READ_ONLY, "%s is set again" % name)
		if number in READ_ONLY:
			t.one_error("setGlobalConfigValueInt32: ", name)
		t.same(sockets.getConfigValue(number, GLOBAL, 0), got, "%s stays" % name)
		seen[number] = true
	t.check(seen.size() > 70, "%d settings" % seen.size())

# A certificate makes a peer somebody in particular.
func proof() -> void:
	var ada := Party.new(NetworkingSocketsContext.new())
	var host := Party.new(NetworkingSocketsContext.new())
	var request: Dictionary = host.sockets.getCertificateRequest()
	page.keys_match(request, page.shape_of_function("getCertificateRequest"), "getCertificateRequest")
	t.check(request.certificate != 0 and request.cert_size == request.certificate_data.size()
			and request.cert_size > 32 and request.error_message == "", "a request")
	t.same(host.sockets.getCertificateRequest(), request, "the key stays the same")
	# Who trusts somebody asks for proof, but not on the same machine.
	t.same(host.sockets.getConfigValue(WITHOUT_AUTH, GLOBAL, 0).value, 2, "nobody vouches for anybody")
	for party: Party in [ada, host]:
		t.same(party.sockets.addTrustedRoot(ROOT), true, "addTrustedRoot")
		t.same(party.sockets.getConfigValue(WITHOUT_AUTH, GLOBAL, 0).value, 0, "proof is asked for")
		t.same(party.sockets.getConfigValue(LOCALHOST_WITHOUT_AUTH, GLOBAL, 0).value, 2, "not on the same machine")
	t.same([ada.sockets.initAuthentication(), ada.sockets.getAuthenticationStatus()], [CANNOT_TRY, CANNOT_TRY],
			"no certificate yet, and nobody to ask for one")
	var done: Dictionary = ada.sockets.setCertificate("nonsense".to_utf8_buffer())
	page.keys_match(done, page.shape_of_function("setCertificate"), "no certificate")
	t.check(done.response == false and done.error != "", "no certificate")
	t.one_error("setCertificate: ", "no certificate")
	ada.sockets.run_callbacks()
	t.same(ada.authentications, [], "nothing changed")
	done = ada.sockets.setCertificate(Marshalls.base64_to_raw(ADA))
	page.keys_match(done, page.shape_of_function("setCertificate"), "a certificate")
	t.same(done, {"response": true, "error": ""}, "a certificate")
	t.same([ada.sockets.getAuthenticationStatus(), ada.sockets.initAuthentication()], [CURRENT, CURRENT], "ready")
	t.same(ada.sockets.getIdentity(), "str:ada", "it says who we are")
	ada.sockets.run_callbacks()
	t.same(ada.authentications.size(), 1, "network_authentication_status once")
	if ada.authentications.size() == 1:
		t.same(ada.authentications[0].map(func(value: Variant) -> int: return typeof(value)),
				page.types_of_signal("network_authentication_status"), "types of its arguments")
		t.same(ada.authentications[0][0], CURRENT, "network_authentication_status")
		t.check(ada.authentications[0][1] != "", "and a sentence")
	meet(ada, host)
	ada.sockets.resetIdentity("")
	t.same(ada.sockets.getAuthenticationStatus(), CANNOT_TRY, "without identity no certificate")
	ada.sockets.run_callbacks()
	t.same(ada.authentications.size(), 2, "network_authentication_status again")
	t.same(ada.authentications[-1][0], CANNOT_TRY, "network_authentication_status again")
	ada.leave()
	host.leave()

# Somebody who can prove it connects to a host that wants to know.
func meet(ada: Party, host: Party) -> void:
	var wary := [[WITHOUT_AUTH, INT32, 1], [LOCALHOST_WITHOUT_AUTH, INT32, 1]]
	var port := 0
	var listener := 0
	for attempt in 100:
		port = 20000 + randi() % 20000
		listener = host.sockets.createListenSocketIP("127.0.0.1:%d" % port, wary)
		if listener != 0:
			break
	t.errors()
	host.on_knock = func(handle: int) -> void:
		t.same(host.sockets.getConnectionInfo(handle).identity, "str:ada", "who knocks")
		t.same(host.sockets.acceptConnection(handle), 1, "accept")
	var there: int = ada.sockets.connectByIPAddress("127.0.0.1:%d" % port, wary)
	var begin := Time.get_ticks_msec()
	while ada.sockets.getConnectionInfo(there).connection_state == 1 and Time.get_ticks_msec() - begin < 10000:
		host.sockets.run_callbacks()
		OS.delay_usec(200)
	t.same(ada.sockets.getConnectionInfo(there).connection_state, 3, "connected")
	t.check(not host.changes.is_empty(), "somebody knocked")
	var here := host.changes[0].handle
	t.same(host.sockets.getConnectionInfo(here).flags & 1, 0, "the host knows who it is")
	t.same(ada.sockets.getConnectionInfo(there).flags & 1, 1, "the host itself proved nothing")
	ada.sockets.sendMessageToConnection(there, "it's me".to_utf8_buffer(), RELIABLE)
	var got := []
	while got.is_empty() and Time.get_ticks_msec() - begin < 10000:
		got = host.sockets.receiveMessagesOnConnection(here, 1)
		OS.delay_usec(200)
	t.same(got.map(func(message: Dictionary) -> String: return message.identity), ["str:ada"], "from whom")
	host.on_knock = Callable()
	host.sockets.closeListenSocket(listener)
	ada.sockets.closeConnection(there, 0, "", false)
