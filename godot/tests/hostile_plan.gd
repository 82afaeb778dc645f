# What a good call of every function looks like, which values are good at each place, and what a bad call is answered.
extends RefCounted

const TWO_32 := 1 << 32

# Function: [answer to a bad argument, [kind, good value] for each argument, and what else is special about it].
# `answers`: other answers by place. `refused`: it has nothing to work with in this version, so that a good call is
# refused too. `breaks`: what it was given is gone afterwards. `makes`: what it makes, to be closed again.
var functions := {
	"acceptConnection": [8, [["connection"]], {"refused": true}],
	"beginAsyncRequestFakeIP": [false, [["int", 1]], {"answers": {}, "own_range": "ports"}],
	"closeConnection": [false, [["connection"], ["int", 0], ["text", "bye"], ["flag", false]], {"breaks": true}],
	"closeListenSocket": [false, [["listener"]], {"breaks": true}],
	"configureConnectionLanes": [8, [["connection"], ["lanes", 1], ["ints", [5]], ["weights", [5]]], {"answers": {0: 3}}],
	"configureConnectionLanesLowFirst": [8, [["connection"], ["lanes", 1], ["ints", [5]], ["weights", [5]]],
			{"answers": {0: 3}}],
	"connectP2P": [0, [["identity", "me"], ["port", 1], ["options", []]], {"refused": true}],
	"connectToHostedDedicatedServer": [0, [["identity", "me"], ["port", 1], ["options", []]], {"refused": true}],
	"createFakeUDPPort": [null, [["int", 0]], {"refused": true}],
	"createFakeUDPPortHandle": [0, [["int", 0]], {"refused": true}],
	"createHostedDedicatedServerListenSocket": [0, [["port", 1], ["options", []]], {"refused": true}],
	"createListenSocketIP": [0, [["address with port", "free"], ["options", []]], {"makes": "closeListenSocket"}],
	"createListenSocketP2P": [0, [["port", 1], ["options", []]], {"refused": true}],
	"createListenSocketP2PFakeIP": [0, [["int", 0], ["options", []]], {"refused": true}],
	"createPollGroup": [0, [], {"makes": "destroyPollGroup"}],
	"createSocketPair": [{"success": false, "connection1": 0, "connection2": 0},
			[["flag", false], ["text", ""], ["text", ""]], {"makes": "closeConnection"}],
	"destroyPollGroup": [false, [["group"]], {"breaks": true}],
	"findRelayAuthTicketForServer": [0, [["int", 5], ["ticket port", 1]], {}],
	"findRelayAuthTicketForServerByIdentity": [0, [["identity", "me"], ["ticket port", 1]], {}],
	"flushMessagesOnConnection": [8, [["connection"]], {}],
	"getAuthenticationStatus": [0, [], {}],
	"getCertificateRequest": [{}, [], {}],
	"getConnectionInfo": [{}, [["connection"]], {}],
	"getConnectionName": ["", [["connection"]], {}],
	"GetConnectionRealTimeStatus": [{"response": 8}, [["connection"], ["count of lanes", 1], ["flag", true]],
			{"answers": {0: {"response": 3}}}],
	"getConnectionRealTimeStatus": [{"response": 8}, [["connection"], ["count of lanes", 1], ["flag", true]],
			{"answers": {0: {"response": 3}}}],
	"getConnectionUserData": [-1, [["connection"]], {}],
	"getDetailedConnectionStatus": [{"success": -1, "buffer": "", "status": ""}, [["connection"]], {}],
	"getFakeIP": [{"result": 8, "identity_type": 0, "ip": 0, "ports": 0, "identity": "", "ip_address": "",
			"port_list": []}, [["zero", 0]], {}],
	"getGameCoordinatorServerLogin": [8, [["app data", "x"]], {}],
	"getGameCoordinatorServerLoginBlob": [PackedByteArray(), [], {}],
	"getHostedDedicatedServerAddress": [0, [], {}],
	"getHostedDedicatedServerAddressInfo": [{}, [], {}],
	"getHostedDedicatedServerPOPId": [0, [], {}],
	"getHostedDedicatedServerPOPID": [0, [], {}],
	"getHostedDedicatedServerPort": [0, [], {}],
	"getListenSocketAddress": [false, [["listener"]], {}],
	"getListenSocketAddressString": ["", [["listener"], ["flag", true]], {}],
	"getIdentity": ["", [], {}],
	"getRemoteFakeIPForConnection": [{"result": 8, "port": 0, "ip_type": 0, "ip_address": ""}, [["connection"]], {}],
	"initAuthentication": [0, [], {}],
	"receiveMessagesOnConnection": [[], [["connection"], ["int", 1]], {}],
	"receiveMessagesOnPollGroup": [[], [["group"], ["int", 1]], {}],
	"receivedRelayAuthTicket": [{}, [["bytes", PackedByteArray([1])]], {"refused": true}],
	"resetIdentity": [null, [["identity or nobody", ""]], {"breaks": true}],
	"runNetworkingCallbacks": [null, [], {}],
	"sendMessages": [null, [["copies", 2], ["message", PackedByteArray([1])], ["connection"], ["flags", 8]], {}],
	"sendMessagesArray": [[], [["messages", [PackedByteArray([1])]], ["connection"], ["flags", 8]],
			{"answers": {1: [-8], 2: [-8]}}],
	"sendMessageToConnection": [{"result": 8, "message_number": -1},
			[["connection"], ["message", PackedByteArray([1])], ["flags", 8]], {}],
	"sendMessageToConnectionOnLane": [{"result": 8, "message_number": -1},
			[["connection"], ["message", PackedByteArray([1])], ["flags", 8], ["zero", 0]], {}],
	"setConnectionPollGroup": [false, [["connection"], ["group or 0", 0]], {}],
	"setConnectionName": [null, [["connection"], ["text", "name"]], {}],
	"connectByIPAddress": [0, [["address with port", "127.0.0.1:9"], ["options", []]], {"makes": "closeConnection"}],
	"setCertificate": [{"response": false}, [["never", PackedByteArray([1])]], {"refused": true, "only": ["response"]}],
	"initRelayNetworkAccess": [null, [], {}],
	"run_callbacks": [null, [], {}],
	"setConnectionUserData": [false, [["connection"], ["int", 7]], {}],
	"sendMessageToFakeIP": [8, [["int", 1], ["text", "x"], ["bytes", PackedByteArray([1])], ["int", 8]],
			{"refused": true, "then": 80}],
	"receiveMessagesOnFakeUDPPort": [[], [["int", 1], ["int", 1]], {"refused": true}],
	"scheduleFakeUDPPortCleanup": [null, [["int", 1], ["text", "x"]], {"refused": true}],
	"destroyFakeUDPPort": [null, [["int", 1]], {"refused": true}],
	"addIdentity": [false, [["new name", "new"]], {}],
	"clearIdentity": [null, [["text", "new"]], {}],
	"getIdentities": [[], [], {}],
	"isIdentityInvalid": [true, [["text", "me"]], {}],
	"setIdentitySteamID": [null, [["new name", "new"], ["account", 5]], {}],
	"getIdentitySteamID": [0, [["identity", "me"]], {}],
	"setIdentitySteamID64": [null, [["new name", "new"], ["account 64", 76561197960265733]], {}],
	"getIdentitySteamID64": [0, [["identity", "me"]], {}],
	"setIdentityIPAddr": [false, [["new name", "new"], ["address", "here"]], {}],
	"getIdentityIPAddr": [0, [["identity", "me"]], {}],
	"setIdentityLocalHost": [null, [["new name", "new"]], {}],
	"isIdentityLocalHost": [false, [["identity", "me"]], {}],
	"setGenericString": [false, [["new name", "new"], ["text 31", "x"]], {}],
	"getGenericString": ["", [["identity", "me"]], {}],
	"setGenericBytes": [false, [["new name", "new"], ["byte", 7]], {}],
	"getGenericBytes": [0, [["identity", "me"]], {}],
	"setGenericBytesArray": [false, [["new name", "new"], ["bytes 1 to 32", PackedByteArray([1])]], {}],
	"getGenericBytesArray": [PackedByteArray(), [["identity", "me"]], {}],
	"setXboxPairwiseID": [false, [["new name", "new"], ["text 1 to 32", "x"]], {}],
	"getXboxPairwiseID": ["", [["identity", "me"]], {}],
	"setPSNID": [null, [["new name", "new"], ["int", 5]], {}],
	"getPSNID": [0, [["identity", "me"]], {}],
	"setStadiaID": [null, [["new name", "new"], ["int", 5]], {}],
	"getStadiaID": [0, [["identity", "me"]], {}],
	"parseIdentityString": [false, [["new name", "new"], ["identity text", "str:x"]], {}],
	"toIdentityString": ["", [["identity", "me"]], {}],
	"addIPAddress": [false, [["new name", "new"]], {}],
	"clearIPAddress": [null, [["text", "new"]], {}],
	"getIPAddresses": [[], [], {}],
	"setIPv4": [null, [["new name", "new"], ["u32", 1], ["port", 1]], {}],
	"getIPv4": [0, [["address", "here"]], {}],
	"isIPv4": [false, [["address", "here"]], {}],
	"setIPv6": [null, [["new name", "new"], ["byte", 1], ["port", 1]], {}],
	"setIPv6Array": [null, [["new name", "new"], ["never", "\u0001".repeat(16).to_ascii_buffer()], ["port", 1]], {}],
	"setIPv6LocalHost": [null, [["new name", "new"], ["port", 1]], {}],
	"isIPv6AllZeros": [false, [["address", "here"]], {}],
	"isAddressLocalHost": [false, [["address", "here"]], {}],
	"parseIPAddressString": [false, [["new name", "new"], ["address text", "192.0.2.1:5"]], {}],
	"toIPAddressString": ["", [["address", "here"], ["flag", true]], {}],
	"addTrustedRoot": [false, [["never", ""]], {"refused": true}],
	"setGlobalConfigValueInt32": [false, [["global setting", 4], ["i32", 0]], {}],
	"setGlobalConfigValueFloat": [false, [["global setting", 2], ["float", 0.0]], {}],
	"setGlobalConfigValueString": [false, [["global setting", 4], ["number text", "0"]], {}],
	"setConnectionConfigValueInt32": [false, [["connection"], ["connection setting", 12], ["i32", 5]], {}],
	"setConnectionConfigValueFloat": [false, [["connection"], ["connection setting", 12], ["float", 5.0]], {}],
	"setConnectionConfigValueString": [false, [["connection"], ["connection setting", 12], ["number text", "5"]], {}],
	"getConfigValue": [{"result": -2, "type": 0, "value": null}, [["setting", 12], ["scope", 1], ["int", 0]],
			{"answers": {0: {"result": -1, "type": 0, "value": null}}}],
}

# The values that are whole numbers count as such, whatever their type.
static func whole(value: Variant) -> bool:
	return value is int or value is bool or (value is float and is_finite(value) and value == floorf(value) and absf(value) <= 1e15)

static func text(value: Variant) -> bool:
	return typeof(value) in [TYPE_STRING, TYPE_STRING_NAME, TYPE_NODE_PATH]

static func between(value: Variant, least: int, most: int) -> bool:
	return whole(value) and int(value) >= least and int(value) <= most

static func bytes(value: Variant) -> int:
	return str(value).to_utf8_buffer().size()

# A list without elements, which is good wherever a list is.
static func no_elements(value: Variant) -> bool:
	return typeof(value) in [TYPE_ARRAY, TYPE_PACKED_BYTE_ARRAY, TYPE_PACKED_INT32_ARRAY, TYPE_PACKED_INT64_ARRAY,
			TYPE_PACKED_FLOAT32_ARRAY, TYPE_PACKED_FLOAT64_ARRAY] and value.is_empty()

# Elements of a list of numbers.
static func one_number(value: Variant) -> bool:
	return typeof(value) in [TYPE_ARRAY, TYPE_PACKED_BYTE_ARRAY, TYPE_PACKED_INT32_ARRAY, TYPE_PACKED_INT64_ARRAY,
			TYPE_PACKED_FLOAT32_ARRAY, TYPE_PACKED_FLOAT64_ARRAY] and value.size() == 1 and whole(value[0])

# Whether a value is good for an argument of that kind. None of the values is a handle, a known name, or text that says
# an address or an identity.
static func fits(kind: String, value: Variant) -> bool:
	match kind:
		"int", "copies":
			return whole(value) and (kind == "int" or int(value) <= 65536)
		"u32":
			return between(value, 0, TWO_32 - 1)
		"i32", "flags":
			return between(value, -(1 << 31), (1 << 31) - 1)
		"account":
			return between(value, 1, TWO_32 - 1)
		"port":
			return between(value, 0, 65535)
		"ticket port":
			return between(value, -1, 65535)
		"byte":
			return between(value, 0, 255)
		"zero", "group or 0":
			return between(value, 0, 0)
		"lanes", "count of lanes":
			return between(value, 1 if kind == "lanes" else 0, 1)
		"scope":
			return between(value, 1, 2)
		"setting", "global setting":
			return between(value, 3, 3)
		"flag":
			return typeof(value) in [TYPE_BOOL, TYPE_INT, TYPE_FLOAT]
		"float":
			return typeof(value) in [TYPE_BOOL, TYPE_INT, TYPE_FLOAT] and not is_nan(value)
		"text":
			return text(value)
		"new name":
			return text(value) and bytes(value) in range(1, 256)
		"text 31":
			return text(value) and bytes(value) <= 31
		"text 1 to 32":
			return text(value) and bytes(value) in range(1, 33)
		"identity or nobody":
			return text(value) and str(value) == ""
		"app data":
			return (text(value) and bytes(value) <= 2048) or (value is PackedByteArray and value.size() <= 2048)
		"bytes 1 to 32":
			return value is PackedByteArray and value.size() in range(1, 33)
		"bytes", "message":
			return value is PackedByteArray
		"options":
			return no_elements(value) or (value is Dictionary and value.is_empty())
		"messages":
			return value is Array and value.is_empty()
		"ints":
			return no_elements(value) or one_number(value)
		"weights":
			return no_elements(value) or (one_number(value) and int(value[0]) in range(1, 65536))
		_:
			return false
