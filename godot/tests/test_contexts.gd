# Two instances talk to each other: the singleton and a context, then two contexts. Whatever they answer or emit is
# compared with the index, key by key and type by type.
# setting: gamesockets/automatic_callbacks=false
extends SceneTree

const Party := preload("res://party.gd")
const NONE := NetworkingSockets.CONNECTION_STATE_NONE
const CONNECTING := NetworkingSockets.CONNECTION_STATE_CONNECTING
const CONNECTED := NetworkingSockets.CONNECTION_STATE_CONNECTED
const CLOSED_BY_PEER := NetworkingSockets.CONNECTION_STATE_CLOSED_BY_PEER
const PROBLEM := NetworkingSockets.CONNECTION_STATE_PROBLEM_DETECTED_LOCALLY
const RELIABLE := NetworkingSockets.NETWORKING_SEND_RELIABLE
const GLOBAL := NetworkingSockets.NETWORKING_CONFIG_SCOPE_GLOBAL
const INTERFACE := NetworkingSockets.NETWORKING_CONFIG_SCOPE_SOCKETS_INTERFACE
const LISTEN_SOCKET := NetworkingSockets.NETWORKING_CONFIG_SCOPE_LISTEN_SOCKET
const CONNECTION := NetworkingSockets.NETWORKING_CONFIG_SCOPE_CONNECTION
const INT32 := NetworkingSockets.NETWORKING_CONFIG_TYPE_INT32
const INT64 := NetworkingSockets.NETWORKING_CONFIG_TYPE_INT64
const FLOAT := NetworkingSockets.NETWORKING_CONFIG_TYPE_FLOAT
const STRING := NetworkingSockets.NETWORKING_CONFIG_TYPE_STRING
const CALLABLE := NetworkingSockets.NETWORKING_CONFIG_TYPE_FUNCTION_PTR
const SET := NetworkingSockets.NETWORKING_GET_CONFIG_VALUE_OK
const INHERITED := NetworkingSockets.NETWORKING_GET_CONFIG_VALUE_OK_INHERITED
const TIMEOUT_INITIAL := NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_INITIAL
const TIMEOUT_CONNECTED := NetworkingSockets.NETWORKING_CONFIG_TIMEOUT_CONNECTED
const USER_DATA := NetworkingSockets.NETWORKING_CONFIG_CONNECTION_USER_DATA
const ON_CHANGE := NetworkingSockets.NETWORKING_CONFIG_CALLBACK_CONNECTION_STATUS_CHANGED
const SEND_RATE_MIN := NetworkingSockets.NETWORKING_CONFIG_SEND_RATE_MIN
const SEND_RATE_MAX := NetworkingSockets.NETWORKING_CONFIG_SEND_RATE_MAX
const SEND_BUFFER := NetworkingSockets.NETWORKING_CONFIG_SEND_BUFFER_SIZE
const LARGEST_IN := NetworkingSockets.NETWORKING_CONFIG_RECV_MAX_MESSAGE_SIZE
const SYMMETRIC := NetworkingSockets.NETWORKING_CONFIG_SYMMETRIC_CONNECT
const WITHOUT_AUTH := NetworkingSockets.NETWORKING_CONFIG_IP_ALLOW_WITHOUT_AUTH
const LOCALHOST_WITHOUT_AUTH := NetworkingSockets.NETWORKING_CONFIG_IP_LOCALHOST_ALLOW_WITHOUT_AUTH
const LOSS := NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LOSS_SEND
const NAGLE := NetworkingSockets.NETWORKING_CONFIG_NAGLE_TIME
const STUN := NetworkingSockets.NETWORKING_CONFIG_P2P_STUN_SERVER_LIST
const MTU_DATA := NetworkingSockets.NETWORKING_CONFIG_MTU_DATA_SIZE
# The largest message, bytes.
const LARGEST := 524288
const INT64_MAX := 0x7fffffffffffffff

var t := preload("res://harness.gd").new()
var page := preload("res://seed.gd").new(t)
# Changes that a connection's own callable was told.
var told := []
# The ends of the conversation: who listens, who connects; the handles of the connection at each.
var server: Party
var client: Party
var listener := 0
var port := 0
var at_server := 0
var at_client := 0

func _initialize() -> void:
	converse(NetworkingSockets, NetworkingSocketsContext.new())
	converse(NetworkingSocketsContext.new(), NetworkingSockets)
	converse(NetworkingSocketsContext.new(), NetworkingSocketsContext.new())
	t.check(page.compared > 1000, "keys were compared")
	print("%d keys compared" % page.compared)
	t.finish(self)

func converse(listening: Object, connecting: Object) -> void:
	server = Party.new(listening)
	client = Party.new(connecting)
	t.errors()
	listen()
	connect_up()
	information()
	names_and_numbers()
	each_flag()
	contents()
	several_at_once()
	lanes()
	groups()
	settings()
	refused()
	ends()
	at_once()
	limits()
	nobody_answers()
	listener_goes()
	pairs()
	other_family()
	somebody_else()
	t.same([server.changes.size(), client.changes.size()], [0, 0], "nothing else was emitted")
	t.no_error("the rest of the conversation")
	server.leave()
	client.leave()

# Emits what happened until something holds.
func wait(holds: Callable, what: String) -> bool:
	var begin := Time.get_ticks_msec()
	while not holds.call() and Time.get_ticks_msec() - begin < 10000:
		pump()
		OS.delay_usec(200)
	return t.check(holds.call(), what)

# Both ways of emitting what happened, which is emitted once.
func pump() -> void:
	for party: Party in [server, client]:
		party.sockets.run_callbacks()
		party.sockets.runNetworkingCallbacks()

# Exactly these changes of a connection, each with all the keys of the page.
func changed(party: Party, handle: int, wanted: Array, what: String) -> Array[Party.Change]:
	wait(func() -> bool: return party.changes.filter(func(c: Party.Change) -> bool:
		return c.handle == handle).size() >= wanted.size(), what)
	var changes := party.take(handle)
	var states := changes.map(func(change: Party.Change) -> Array: return [change.old, change.new])
	t.same(states, wanted, "%s: states" % what)
	var shape: Dictionary = page.shape_of_signal("network_connection_status_changed", "connection")
	for change in changes:
		t.same(change.types, page.types_of_signal("network_connection_status_changed"), "%s: types" % what)
		page.keys_match(change.connection, shape, what)
		t.same(str(change.connection.end_reason_code), change.connection.end_reason, "%s: reason as text" % what)
	return changes

# Closes connections, and takes what they told until they were gone.
func done_with(party: Party, handles: Array) -> void:
	for handle: int in handles:
		t.same(party.sockets.closeConnection(handle, 0, "", false), true, "close")
	for handle: int in handles:
		wait(func() -> bool: return party.changes.any(func(c: Party.Change) -> bool:
			return c.handle == handle and c.new == NONE), "gone")
		party.take(handle)

func info(party: Party, handle: int) -> Dictionary:
	var got: Dictionary = party.sockets.getConnectionInfo(handle)
	page.keys_match(got, page.shape_of_function("getConnectionInfo"), "getConnectionInfo")
	return got

func on_change_told(handle: int, connection: Dictionary, old: int) -> void:
	told.append([handle, old, connection.connection_state])

func listen() -> void:
	var options := [[TIMEOUT_INITIAL, INT32, 7000], [USER_DATA, INT64, 77], [NAGLE, INT32, 0.0],
		[ON_CHANGE, CALLABLE, on_change_told]]
	for attempt in 100:
		port = 20000 + randi() % 20000
		listener = server.sockets.createListenSocketIP("127.0.0.1:%d" % port, options)
		if listener != 0:
			break
	t.check(listener != 0, "a port is free")
	t.errors()
	t.same(server.sockets.getListenSocketAddress(listener), true, "getListenSocketAddress")
	t.same(server.sockets.toIPAddressString("listen_socket_address", true), "127.0.0.1:%d" % port, "the address kept")
	t.same(server.sockets.getListenSocketAddressString(listener), "127.0.0.1:%d" % port, "address")
	t.same(server.sockets.getListenSocketAddressString(listener, false), "127.0.0.1", "address without port")
	t.same(server.sockets.createListenSocketIP("127.0.0.1:%d" % port, []), 0, "the same address twice")
	t.one_error("createListenSocketIP: ", "the same address twice")
	t.same(server.sockets.getIdentity(), "ip:::1", "nobody in particular")

func connect_up() -> void:
	told.clear()
	# As a dictionary, which is more than the page asks for; in a variable that may hold anything.
	var options: Variant = {USER_DATA: -5, NAGLE: 100}
	at_client = client.sockets.connectByIPAddress("127.0.0.1:%d" % port, options)
	t.check(at_client > 0, "a connection")
	var begun := info(client, at_client)
	t.same([begun.connection_state, begun.listen_socket, begun.user_data, begun.end_reason], [CONNECTING, 0, -5, 0],
			"it begins")
	t.same(begun.remote_address, "127.0.0.1:%d" % port, "where to")
	# While nobody has accepted.
	var sent: Dictionary = client.sockets.sendMessageToConnection(at_client, "no".to_utf8_buffer(), 4)
	t.same(sent, {"result": 41, "message_number": -1}, "no delay before it is up")
	t.same(client.sockets.flushMessagesOnConnection(at_client), 41, "flush before it is up")
	t.same(client.sockets.acceptConnection(at_client), 8, "accepting our own")
	t.one_error("acceptConnection: ", "accepting our own")
	wait(func() -> bool: return not server.changes.is_empty(), "somebody knocks")
	at_server = server.changes[0].handle
	t.same(server.changes[0].connection.listen_socket, listener, "through our listen socket")
	t.same(server.sockets.acceptConnection(at_server), 1, "accept")
	t.same(server.sockets.acceptConnection(at_server), 11, "accept twice")
	t.one_error("acceptConnection: ", "accept twice")
	changed(server, at_server, [[NONE, CONNECTING], [CONNECTING, CONNECTED]], "server, up")
	changed(client, at_client, [[NONE, CONNECTING], [CONNECTING, CONNECTED]], "client, up")
	t.same(told, [[at_server, 0, 1], [at_server, 1, 3]], "what its own callable was told")

func information() -> void:
	var here := info(server, at_server)
	var there := info(client, at_client)
	t.same([here.connection_state, there.connection_state], [CONNECTED, CONNECTED], "state")
	t.same([here.listen_socket, there.listen_socket], [listener, 0], "listen socket")
	t.same([here.user_data, there.user_data], [77, -5], "user data from the options")
	t.same(there.remote_address, "127.0.0.1:%d" % port, "client: remote address")
	t.check(here.remote_address.begins_with("127.0.0.1:") and here.remote_address != there.remote_address,
			"server: remote address")
	t.same(here.identity, "ip:" + here.remote_address, "server: an anonymous peer is its address")
	t.same(there.identity, "ip:" + there.remote_address, "client: an anonymous peer is its address")
	t.same([here.end_reason, here.end_reason_code, here.end_debug], [0, 0, ""], "no end")
	t.same([here.flags, there.flags], [9, 9], "flags: not authenticated, fast")
	for function in ["getConnectionRealTimeStatus", "GetConnectionRealTimeStatus"]:
		var status: Dictionary = server.sockets.call(function, at_server)
		page.keys_match(status, page.shape_of_function("GetConnectionRealTimeStatus"), function)
		t.same([status.response, status.lanes_status.size()], [1, 0], "%s without lanes" % function)
		t.same(status.connection_status.state, CONNECTED, "%s: state" % function)
	var only: Dictionary = server.sockets.GetConnectionRealTimeStatus(at_server, 1, false)
	page.keys_match(only, page.shape_of_function("GetConnectionRealTimeStatus"), "lanes alone")
	t.same([only.connection_status.size(), only.lanes_status.size()], [0, 1], "lanes alone")
	t.same(server.sockets.getConnectionRealTimeStatus(at_server, 2), {"response": 8}, "more lanes than there are")
	t.one_error("getConnectionRealTimeStatus: ", "more lanes than there are")
	t.same(server.sockets.GetConnectionRealTimeStatus(1), {"response": 3}, "status of nobody")
	t.one_error("GetConnectionRealTimeStatus: ", "status of nobody")

func names_and_numbers() -> void:
	t.same(client.sockets.getConnectionUserData(at_client), -5, "user data")
	for number: int in [-9223372036854775807 - 1, 0, INT64_MAX]:
		t.same(client.sockets.setConnectionUserData(at_client, number), true, "setConnectionUserData")
		t.same(client.sockets.getConnectionUserData(at_client), number, "user data")
		t.same(info(client, at_client).user_data, number, "user data in the facts")
	t.same(client.sockets.getConnectionName(at_client), "", "no name")
	client.sockets.setConnectionName(at_client, "Zoë")
	t.same(client.sockets.getConnectionName(at_client), "Zoë", "name")
	var description: String = info(client, at_client).debug_description
	t.check(description.begins_with("#") and description.ends_with(" 'Zoë'"), "description %s" % description)
	client.sockets.setConnectionName(at_client, "ë".repeat(16))
	t.same(client.sockets.getConnectionName(at_client), "ë".repeat(15), "a name of 32 bytes is cut to whole letters")
	var detailed: Dictionary = client.sockets.getDetailedConnectionStatus(at_client)
	page.keys_match(detailed, page.shape_of_function("getDetailedConnectionStatus"), "getDetailedConnectionStatus")
	t.same([detailed.success, detailed.buffer], [0, detailed.status], "detailed status")
	t.check(detailed.buffer.split("\n").size() > 3, "lines of detailed status")
	t.same(client.sockets.getDetailedConnectionStatus(1), {"success": -1, "buffer": "", "status": ""}, "of nobody")
	t.one_error("getDetailedConnectionStatus: ", "of nobody")

func sent_one(party: Party, handle: int, data: PackedByteArray, flags: int, lane := 0) -> int:
	var sent: Dictionary
	if lane == 0:
		sent = party.sockets.sendMessageToConnection(handle, data, flags)
	else:
		sent = party.sockets.sendMessageToConnectionOnLane(handle, data, flags, lane)
	page.keys_match(sent, page.shape_of_function("sendMessageToConnection"), "what came of a message")
	t.same(sent.result, 1, "%d bytes are sent with flags %d on lane %d" % [data.size(), flags, lane])
	return sent.message_number

# So many messages, each with all the keys of the page.
func received(party: Party, handle: int, count: int, what: String) -> Array:
	var all := []
	wait(func() -> bool:
		all.append_array(party.sockets.receiveMessagesOnConnection(handle, count - all.size()))
		return all.size() == count, "%s: %d messages" % [what, count])
	page.all_match(all, page.shape_of_function("receiveMessagesOnConnection"), count, what)
	for message: Dictionary in all:
		t.same(message.connection, handle, "%s: connection" % what)
		t.same(message.size, message.payload.size(), "%s: size" % what)
		t.same([message.channel, message.sender_user_data], [-1, 0], "%s: channel, sender's number" % what)
		t.check(message.time_received > 0, "%s: time" % what)
	return all

func each_flag() -> void:
	var flags := [0, 1, 4, 5, 8, 9, 12, 16, 24, 40]
	server.sockets.setConnectionUserData(at_server, 4711)
	for at in flags.size():
		var data := ("with %d" % flags[at]).to_utf8_buffer()
		t.same(sent_one(client, at_client, data, flags[at]), at + 1, "numbers count from 1")
	t.same(client.sockets.flushMessagesOnConnection(at_client), 1, "flush")
	var all := received(server, at_server, flags.size(), "each flag")
	all.sort_custom(func(a: Dictionary, b: Dictionary) -> bool: return a.message_number < b.message_number)
	for at in mini(all.size(), flags.size()):
		var message: Dictionary = all[at]
		t.same(message.payload_string, "with %d" % flags[at], "payload")
		t.same([message.message_number, message.flags, message.lane], [at + 1, flags[at] & RELIABLE, 0],
				"number, flags, lane")
		t.same([message.user_data, message.receiver_user_data], [4711, 4711], "user data")
		t.same(message.identity, info(server, at_server).identity, "from whom")
	# The same numbers again at this end.
	t.same(sent_one(server, at_server, "back".to_utf8_buffer(), RELIABLE), 1, "each direction has its own numbers")
	t.same(received(client, at_client, 1, "back")[0].payload_string, "back", "back")

func contents() -> void:
	var large := PackedByteArray()
	large.resize(LARGEST)
	for at in range(0, LARGEST, 101):
		large[at] = at & 0xff
	var payloads: Array[PackedByteArray] = [PackedByteArray(), PackedByteArray([104, 105, 0, 33]),
		PackedByteArray([0xff, 0xfe, 104]), "größer".to_utf8_buffer(), large]
	# What was queued before is still in the send buffer until it is acknowledged.
	wait(func() -> bool: return in_flight(client, at_client) == 0, "everything is acknowledged")
	for payload in payloads.slice(0, -1):
		sent_one(client, at_client, payload, RELIABLE)
	wait(func() -> bool: return in_flight(client, at_client) == 0, "everything is acknowledged")
	send_rate(0x10000000)
	sent_one(client, at_client, large, RELIABLE)
	var all := received(server, at_server, payloads.size(), "contents")
	t.same(all.map(func(message: Dictionary) -> PackedByteArray: return message.payload), payloads as Array, "bytes")
	t.same(all.slice(0, -1).map(func(message: Dictionary) -> String: return message.payload_string),
			["", "hi", "\ufffd\ufffdh", "größer"], "text")
	large.resize(LARGEST + 1)
	t.same(client.sockets.sendMessageToConnection(at_client, large, RELIABLE), {"result": 8, "message_number": -1},
			"too large")
	t.one_error("sendMessageToConnection: ", "too large")

func send_rate(rate: int) -> void:
	for limit: int in [SEND_RATE_MIN, SEND_RATE_MAX]:
		t.same(client.sockets.setConnectionConfigValueInt32(at_client, limit, rate), true, "send rate")

func in_flight(party: Party, handle: int) -> int:
	var status: Dictionary = party.sockets.getConnectionRealTimeStatus(handle).connection_status
	return status.pending_reliable + status.sent_unacknowledged_reliable

func several_at_once() -> void:
	client.sockets.sendMessages(3, "thrice".to_utf8_buffer(), at_client, RELIABLE)
	var lines: Array[PackedByteArray] = ["one".to_utf8_buffer(), "two".to_utf8_buffer()]
	var numbers: Array = client.sockets.sendMessagesArray(lines, at_client, RELIABLE)
	var all := received(server, at_server, 5, "several at once")
	t.same(all.map(func(message: Dictionary) -> String: return message.payload_string),
			["thrice", "thrice", "thrice", "one", "two"], "several at once")
	t.same(all.slice(3).map(func(message: Dictionary) -> int: return message.message_number), numbers, "their numbers")
	t.same(server.sockets.receiveMessagesOnConnection(at_server, 5), [], "each is read once")
	for none: int in [0, -1]:
		client.sockets.sendMessages(none, "never".to_utf8_buffer(), at_client, RELIABLE)
	t.same(client.sockets.sendMessagesArray([], at_client, RELIABLE), [], "none at once")
	t.same(sent_one(client, at_client, "next".to_utf8_buffer(), RELIABLE), numbers[-1] + 1, "no number was used up")
	t.same(received(server, at_server, 1, "next")[0].payload_string, "next", "none at once")

# What waits in three lanes leaves in the order of their priorities.
func lanes() -> void:
	t.same(client.sockets.configureConnectionLanes(at_client, 3, [-5, 20, 10], [1, 1, 65535]), 1, "three lanes")
	t.same(order_of_lanes(), [1, 2, 0], "larger priorities first")
	t.same(client.sockets.configureConnectionLanesLowFirst(at_client, 3, [-5, 20, 10], [1, 1, 65535]), 1, "turned round")
	t.same(order_of_lanes(), [0, 2, 1], "smaller priorities first")
	# Among equals weights count.
	t.same(client.sockets.configureConnectionLanes(at_client, 3, [], [1, 60, 1]), 1, "weights")
	t.same(order_of_lanes()[0], 1, "weights: who is served first")
	each_flag_on_lanes()
	t.same(client.sockets.configureConnectionLanes(at_client, 2, [], []), 8, "fewer lanes than before")
	t.one_error("configureConnectionLanes: ", "fewer lanes than before")
	t.same(client.sockets.configureConnectionLanes(), 3, "the bare call of the page")
	t.one_error("configureConnectionLanes: ", "the bare call of the page")

func each_flag_on_lanes() -> void:
	var wanted := {}
	for lane in 3:
		for flags: int in [0, 1, 4, 5, 8, 9, 16]:
			var text := "lane %d flags %d" % [lane, flags]
			wanted[text] = [sent_one(client, at_client, text.to_utf8_buffer(), flags, lane), lane, flags & RELIABLE]
	var got := {}
	for message: Dictionary in received(server, at_server, wanted.size(), "each flag on each lane"):
		got[message.payload_string] = [message.message_number, message.lane, message.flags]
	for text: String in wanted:
		t.same(got.get(text), wanted[text], text)
	t.same(client.sockets.sendMessageToConnectionOnLane(at_client, PackedByteArray(), RELIABLE, 3),
			{"result": 8, "message_number": -1}, "a lane that is not there")
	t.one_error("sendMessageToConnectionOnLane: ", "a lane that is not there")

# Lanes in the order in which the middle one of their messages arrived.
func order_of_lanes() -> Array:
	const EACH := 40
	# Slow while it is queued, so that it waits.
	send_rate(10000)
	var data := PackedByteArray()
	data.resize(1000)
	for n in EACH:
		for lane in 3:
			sent_one(client, at_client, data, RELIABLE, lane)
	var status: Dictionary = client.sockets.getConnectionRealTimeStatus(at_client, 3)
	page.keys_match(status, page.shape_of_function("GetConnectionRealTimeStatus"), "status with lanes")
	t.same(status.lanes_status.size(), 3, "lanes in the status")
	var whole: Dictionary = status.connection_status
	var waiting := 0
	for lane: Dictionary in status.lanes_status:
		waiting += lane.pending_reliable
		t.same(lane.sent_unacknowledged_reliable, lane.sent_unacknowledged_reliatble, "both spellings")
	t.same(waiting, whole.pending_reliable, "the lanes together")
	t.check(waiting > EACH * 1000, "something waits")
	t.check(whole.queue_time > 0 and whole.queue_time < INT64_MAX, "it takes its time")
	t.same(whole.sent_unacknowledged_reliable, whole.send_unacknowledged_reliable, "both spellings")
	t.same(whole.send_rate, 10000, "send rate")
	send_rate(300000)
	var all := received(server, at_server, 3 * EACH, "lanes")
	var lanes_seen := all.map(func(message: Dictionary) -> int: return message.lane)
	var middle := {}
	for lane in 3:
		t.same(lanes_seen.count(lane), EACH, "messages of lane %d" % lane)
		var places := range(all.size()).filter(func(at: int) -> bool: return lanes_seen[at] == lane)
		middle[lane] = places[EACH / 2]
		var numbers := all.filter(func(m: Dictionary) -> bool: return m.lane == lane).map(
				func(m: Dictionary) -> int: return m.message_number)
		t.same(numbers, range(numbers[0], numbers[0] + EACH), "lane %d is in order" % lane)
	var order := [0, 1, 2]
	order.sort_custom(func(a: int, b: int) -> bool: return middle[a] < middle[b])
	return order

func groups() -> void:
	var group: int = server.sockets.createPollGroup()
	t.check(group > 0, "a poll group")
	var pair: Dictionary = server.sockets.createSocketPair(false, "str:left", "str:right")
	# One message waits before the connection joins.
	sent_one(client, at_client, "before".to_utf8_buffer(), RELIABLE)
	wait(func() -> bool: return in_flight(client, at_client) == 0, "it arrived")
	for handle: int in [at_server, pair.connection1]:
		t.same(server.sockets.setConnectionPollGroup(handle, group), true, "setConnectionPollGroup")
	server.sockets.setConnectionUserData(at_server, 42)
	sent_one(server, pair.connection2, "pair".to_utf8_buffer(), 0)
	sent_one(client, at_client, "after".to_utf8_buffer(), RELIABLE)
	t.same(server.sockets.receiveMessagesOnPollGroup(group, 0), [], "none are wanted")
	var first: Array = server.sockets.receiveMessagesOnPollGroup(group, 1)
	t.same(first.size(), 1, "one is wanted")
	var all := first
	wait(func() -> bool:
		all.append_array(server.sockets.receiveMessagesOnPollGroup(group, 10))
		return all.size() == 3, "messages of the group")
	page.all_match(all, page.shape_of_function("receiveMessagesOnPollGroup"), 3, "messages of the group")
	var texts := {}
	for message: Dictionary in all:
		texts[message.connection] = texts.get(message.connection, []) + [message.payload_string]
	t.same(texts, {at_server: ["before", "after"], pair.connection1: ["pair"]}, "who said what")
	t.same(all.filter(func(m: Dictionary) -> bool: return m.connection == pair.connection1)[0].identity, "str:left",
			"from whom")
	for message: Dictionary in all:
		t.same(message.user_data, 42 if message.connection == at_server else -1, "also the one that waited")
	t.same(server.sockets.setConnectionPollGroup(at_server, 0), true, "out of any group")
	sent_one(client, at_client, "alone".to_utf8_buffer(), RELIABLE)
	t.same(received(server, at_server, 1, "alone")[0].payload_string, "alone", "out of any group")
	t.same(server.sockets.receiveMessagesOnPollGroup(group, 10), [], "not in the group any more")
	t.same(server.sockets.setConnectionPollGroup(at_server, listener), false, "into what is no group")
	t.one_error("setConnectionPollGroup: ", "into what is no group")
	t.same(server.sockets.destroyPollGroup(group), true, "destroyPollGroup")
	t.same(server.sockets.destroyPollGroup(group), false, "destroyed twice")
	t.one_error("destroyPollGroup: ", "destroyed twice")
	t.same(server.sockets.receiveMessagesOnPollGroup(group, 10), [], "of a group that is gone")
	t.one_error("receiveMessagesOnPollGroup: ", "of a group that is gone")
	sent_one(server, pair.connection2, "still".to_utf8_buffer(), RELIABLE)
	t.same(received(server, pair.connection1, 1, "still")[0].payload_string, "still", "its members stay")
	done_with(server, [pair.connection1, pair.connection2])

# What a setting is for an object: result, type, value.
func setting(party: Party, number: int, scope: int, object: int) -> Array:
	var got: Dictionary = party.sockets.getConfigValue(number, scope, object)
	t.same(got.keys(), ["result", "type", "value"], "keys of a setting")
	return [got.result, got.type, got.value]

func settings() -> void:
	var s: Variant = server.sockets
	t.same(setting(server, TIMEOUT_INITIAL, GLOBAL, 0), [SET, INT32, 10000], "a default")
	t.same(setting(server, TIMEOUT_INITIAL, INTERFACE, 0), [INHERITED, INT32, 10000], "a default of the interface")
	t.same(setting(server, TIMEOUT_INITIAL, LISTEN_SOCKET, listener), [SET, INT32, 7000], "option of a listen socket")
	t.same(setting(server, TIMEOUT_INITIAL, CONNECTION, at_server), [INHERITED, INT32, 7000], "what comes in inherits")
	t.same(setting(client, TIMEOUT_INITIAL, CONNECTION, at_client), [INHERITED, INT32, 10000], "the other end does not")
	t.same(setting(server, USER_DATA, LISTEN_SOCKET, listener), [SET, INT64, 77], "a wide number")
	t.same(setting(client, NAGLE, CONNECTION, at_client), [SET, INT32, 100], "option of a connection")
	# Everywhere, as each type.
	t.same(s.setGlobalConfigValueInt32(TIMEOUT_INITIAL, 8000), true, "int for all")
	t.same(setting(server, TIMEOUT_INITIAL, GLOBAL, 0), [SET, INT32, 8000], "int for all")
	t.same(setting(server, TIMEOUT_INITIAL, CONNECTION, at_server), [INHERITED, INT32, 7000], "the listen socket is nearer")
	t.same(setting(client, TIMEOUT_INITIAL, GLOBAL, 0), [SET, INT32, 10000], "the other instance has its own settings")
	t.same(s.setGlobalConfigValueInt32(TIMEOUT_INITIAL, 10000), true, "back")
	t.same(s.setGlobalConfigValueFloat(LOSS, 0.5), true, "float for all")
	t.same(setting(server, LOSS, GLOBAL, 0), [SET, FLOAT, 0.5], "float for all")
	t.same(s.setGlobalConfigValueFloat(LOSS, 200.0), true, "too much is the most there can be")
	t.same(setting(server, LOSS, GLOBAL, 0), [SET, FLOAT, 100.0], "too much is the most there can be")
	t.same(s.setGlobalConfigValueString(LOSS, "0"), true, "a number as text")
	t.same(setting(server, LOSS, GLOBAL, 0), [SET, FLOAT, 0.0], "a number as text")
	t.same(s.setGlobalConfigValueString(STUN, "stun.example:3478"), true, "text for all")
	t.same(setting(server, STUN, GLOBAL, 0), [SET, STRING, "stun.example:3478"], "text for all")
	t.same(s.setGlobalConfigValueString(STUN, ""), true, "no text for all")
	# For one connection.
	t.same(s.setConnectionConfigValueInt32(at_server, NAGLE, 1000), true, "int for one")
	t.same(setting(server, NAGLE, CONNECTION, at_server), [SET, INT32, 1000], "int for one")
	t.same(setting(server, NAGLE, LISTEN_SOCKET, listener), [SET, INT32, 0], "its listen socket keeps its own")
	t.same(s.setConnectionConfigValueFloat(at_server, NAGLE, 1500.6), true, "float for one")
	t.same(setting(server, NAGLE, CONNECTION, at_server), [SET, INT32, 1501], "a float is rounded")
	t.same(s.setConnectionConfigValueString(at_server, STUN, "stun.example:1"), true, "text for one")
	t.same(setting(server, STUN, CONNECTION, at_server), [SET, STRING, "stun.example:1"], "text for one")
	t.no_error("good settings")
	t.same(s.setConnectionConfigValueFloat(at_server, LOSS, 1.0), false, "one for all alone")
	t.one_error("setConnectionConfigValueFloat: ", "one for all alone")
	t.same(s.setGlobalConfigValueInt32(MTU_DATA, 1000), false, "one that follows from another")
	t.one_error("setGlobalConfigValueInt32: ", "one that follows from another")
	t.same(setting(server, MTU_DATA, CONNECTION, at_server).slice(1), [INT32, 1200], "one that follows from another")
	t.same(setting(server, 35, GLOBAL, 0), [NetworkingSockets.NETWORKING_GET_CONFIG_VALUE_BAD_VALUE, 0, null], "none")
	t.one_error("getConfigValue: ", "none")
	t.same(setting(server, NAGLE, CONNECTION, 1), [NetworkingSockets.NETWORKING_GET_CONFIG_VALUE_BAD_SCOPE_OBJ, 0, null],
			"of nobody")
	t.one_error("getConfigValue: ", "of nobody")

# Somebody knocks and is sent away.
func refused() -> void:
	var knocking: int = client.sockets.connectByIPAddress("127.0.0.1:%d" % port, [])
	server.on_knock = func(handle: int) -> void:
		t.same(server.sockets.closeConnection(handle, 2001, "full", false), true, "sent away")
	var changes := changed(client, knocking, [[NONE, CONNECTING], [CONNECTING, CLOSED_BY_PEER]], "sent away")
	t.same([changes[-1].connection.end_reason, changes[-1].connection.end_debug], ["2001", "full"], "why")
	server.on_knock = Callable()
	var other := server.changes[0].handle
	changed(server, other, [[NONE, CONNECTING], [CONNECTING, NONE]], "sending away")
	t.same(client.sockets.closeConnection(knocking, 0, "", false), true, "close what ended")
	changed(client, knocking, [[CLOSED_BY_PEER, NONE]], "close what ended")

# An end with something left to say: everything arrives, then the end with its reason.
func ends() -> void:
	for n in 5:
		sent_one(client, at_client, ("last %d" % n).to_utf8_buffer(), RELIABLE)
	t.same(client.sockets.closeConnection(at_client, 1234, "that's it", true), true, "close")
	# The handle is gone at once.
	t.same(client.sockets.getConnectionInfo(at_client), {}, "facts of a closed connection")
	t.one_error("getConnectionInfo: ", "facts of a closed connection")
	t.same(client.sockets.sendMessageToConnection(at_client, PackedByteArray(), 0), {"result": 8, "message_number": -1},
			"sending to it")
	t.one_error("sendMessageToConnection: ", "sending to it")
	t.same(client.sockets.receiveMessagesOnConnection(at_client, 1), [], "reading from it")
	t.one_error("receiveMessagesOnConnection: ", "reading from it")
	t.same(client.sockets.closeConnection(at_client, 0, "", false), false, "closing it again")
	t.one_error("closeConnection: ", "closing it again")
	t.same(client.sockets.getConnectionUserData(at_client), -1, "its number")
	t.one_error("getConnectionUserData: ", "its number")
	t.same(client.sockets.getConnectionName(at_client), "", "its name")
	t.one_error("getConnectionName: ", "its name")
	var mine := changed(client, at_client, [[CONNECTED, NONE]], "client, closed")
	t.same(mine[0].connection.end_reason_code, 1234, "our own reason")
	var theirs := changed(server, at_server, [[CONNECTED, CLOSED_BY_PEER]], "server, closed by peer")
	t.same([theirs[0].connection.end_reason, theirs[0].connection.end_reason_code, theirs[0].connection.end_debug],
			["1234", 1234, "that's it"], "the peer reads why")
	var facts := info(server, at_server)
	t.same([facts.connection_state, facts.end_reason, facts.end_reason_code, facts.end_debug],
			[CLOSED_BY_PEER, 1234, 1234, "that's it"], "the facts say why")
	# It can be read, but not written to.
	var left := received(server, at_server, 5, "after the end")
	t.same(left.map(func(m: Dictionary) -> String: return m.payload_string),
			["last 0", "last 1", "last 2", "last 3", "last 4"], "nothing was lost")
	t.same(server.sockets.sendMessageToConnection(at_server, PackedByteArray(), RELIABLE),
			{"result": 3, "message_number": -1}, "sending after the end")
	t.same(server.sockets.sendMessagesArray([PackedByteArray(), PackedByteArray()], at_server, RELIABLE), [-3, 0],
			"sending more after the end")
	t.same(server.sockets.flushMessagesOnConnection(at_server), 3, "flushing after the end")
	t.same(server.sockets.configureConnectionLanes(at_server, 2, [], []), 11, "lanes after the end")
	t.same(server.sockets.getConnectionRealTimeStatus(at_server).response, 1, "status after the end")
	t.no_error("what an ended connection answers")
	t.same(server.sockets.closeConnection(at_server, 2002, "ignored", true), true, "close what ended")
	var last := changed(server, at_server, [[CLOSED_BY_PEER, NONE]], "server, closed")
	t.same([last[0].connection.end_reason, last[0].connection.end_debug], ["1234", "that's it"], "the first reason stays")
	# Reasons that are none of the game's are replaced; 0 is the ordinary one.
	for reasons: Array in [[0, "1000"], [1000, "1000"], [2999, "2999"], [3000, "1999"], [-1, "1999"]]:
		var pair: Dictionary = client.sockets.createSocketPair(true, "", "")
		client.sockets.closeConnection(pair.connection1, reasons[0], "", false)
		changed(client, pair.connection1, [[CONNECTED, NONE]], "closed with reason %d" % reasons[0])
		var end := changed(client, pair.connection2, [[CONNECTED, CLOSED_BY_PEER]], "reason %d" % reasons[0])
		t.same(end[0].connection.end_reason, reasons[1], "reason %d" % reasons[0])
		t.check(end[0].connection.end_debug != "", "reason %d has a text" % reasons[0])
		done_with(client, [pair.connection2])

# Without lingering what waits is dropped.
func at_once() -> void:
	var there: int = client.sockets.connectByIPAddress("127.0.0.1:%d" % port,
			[[SEND_RATE_MIN, INT32, 10000], [SEND_RATE_MAX, INT32, 10000]])
	server.on_knock = func(handle: int) -> void: server.sockets.acceptConnection(handle)
	wait(func() -> bool: return client.sockets.getConnectionInfo(there).connection_state == CONNECTED, "up once more")
	server.on_knock = Callable()
	var data := PackedByteArray()
	data.resize(1000)
	client.sockets.sendMessages(400, data, there, RELIABLE)
	t.same(client.sockets.closeConnection(there, 1000, "", false), true, "close at once")
	changed(client, there, [[NONE, CONNECTING], [CONNECTING, CONNECTED], [CONNECTED, NONE]], "closed at once")
	var here := server.changes[0].handle
	changed(server, here, [[NONE, CONNECTING], [CONNECTING, CONNECTED], [CONNECTED, CLOSED_BY_PEER]], "closed at once")
	t.check(server.sockets.receiveMessagesOnConnection(here, 400).size() < 400, "what waited is dropped")
	done_with(server, [here])

# What is too much, and who notices.
func limits() -> void:
	# A send buffer that is full; the first message may be larger than it.
	var options := [[SEND_RATE_MIN, INT32, 10000], [SEND_RATE_MAX, INT32, 10000], [SEND_BUFFER, INT32, 4096]]
	var there: int = client.sockets.connectByIPAddress("127.0.0.1:%d" % port, options)
	var data := PackedByteArray()
	data.resize(4000)
	t.same(client.sockets.sendMessageToConnection(there, data, RELIABLE), {"result": 1, "message_number": 1}, "one fits")
	t.same(client.sockets.sendMessageToConnection(there, data, RELIABLE), {"result": 25, "message_number": -1},
			"two do not")
	t.same(client.sockets.sendMessagesArray([data, PackedByteArray()], there, RELIABLE), [-25, 0], "nor in a list")
	t.no_error("a full buffer is no mistake")
	# One that is closed before anybody accepted.
	wait(func() -> bool: return server.changes.size() == 1, "somebody knocks")
	t.same(client.sockets.closeConnection(there, 1001, "never mind", false), true, "close what is not up")
	changed(client, there, [[NONE, CONNECTING], [CONNECTING, NONE]], "given up")
	wait(func() -> bool: return server.changes.size() == 2, "somebody knocked and gave up")
	var here := server.changes[0].handle
	t.same(server.sockets.acceptConnection(here), 11, "accepting what is over")
	t.one_error("acceptConnection: ", "accepting what is over")
	var gone := changed(server, here, [[NONE, CONNECTING], [CONNECTING, CLOSED_BY_PEER]], "somebody gave up")
	t.same([gone[-1].connection.end_reason, gone[-1].connection.end_debug], ["1001", "never mind"], "somebody gave up")
	done_with(server, [here])
	# More than an unreliable message can be, and more than the other end takes.
	var pair: Dictionary = server.sockets.createSocketPair(true, "", "")
	data.resize(16500)
	sent_one(server, pair.connection1, data, 0)
	t.same(received(server, pair.connection2, 1, "unreliable")[0].flags, 0, "as large as unreliable ones can be")
	data.resize(16501)
	sent_one(server, pair.connection1, data, 0)
	t.same(received(server, pair.connection2, 1, "reliable")[0].flags, RELIABLE, "larger ones are reliable")
	t.same(server.sockets.setConnectionConfigValueInt32(pair.connection2, LARGEST_IN, 1000), true, "a limit")
	sent_one(server, pair.connection1, data, RELIABLE)
	var broken := changed(server, pair.connection2, [[CONNECTED, PROBLEM]], "more than it takes")
	t.same(broken[0].connection.end_reason_code, NetworkingSockets.CONNECTION_END_MISC_INTERNAL_ERROR, "reason")
	changed(server, pair.connection1, [[CONNECTED, CLOSED_BY_PEER]], "the peer is told")
	done_with(server, [pair.connection1, pair.connection2])
	# A text for the end has 127 bytes, and whole letters.
	pair = server.sockets.createSocketPair(true, "", "")
	t.same(server.sockets.closeConnection(pair.connection1, 1001, "ë".repeat(100), false), true, "a long text")
	changed(server, pair.connection1, [[CONNECTED, NONE]], "a long text")
	var end := changed(server, pair.connection2, [[CONNECTED, CLOSED_BY_PEER]], "a long text")
	t.same(end[0].connection.end_debug, "ë".repeat(63), "a long text")
	done_with(server, [pair.connection2])
	# Options that nothing can be made with.
	for bad: Array in [[SYMMETRIC, INT32, 1], [WITHOUT_AUTH, INT32, 0], [LOSS, FLOAT, 1.0]]:
		t.same(server.sockets.createListenSocketIP("127.0.0.1:%d" % (port + 2), [bad]), 0, "option %d" % bad[0])
		t.one_error("createListenSocketIP: ", "option %d" % bad[0])
	for bad: Array in [[[WITHOUT_AUTH, INT32, 0], [LOCALHOST_WITHOUT_AUTH, INT32, 0]], [[LOSS, FLOAT, 1.0]]]:
		t.same(client.sockets.connectByIPAddress("127.0.0.1:%d" % port, bad), 0, "option %d" % bad[0][0])
		t.one_error("connectByIPAddress: ", "option %d" % bad[0][0])

# The same over IPv6, in short.
func other_family() -> void:
	if PacketPeerUDP.new().bind(0, "::1") != OK:
		print("skipped: this machine has no IPv6")
		return
	var here := 0
	var number := 0
	for attempt in 100:
		number = 20000 + randi() % 20000
		here = server.sockets.createListenSocketIP("[::1]:%d" % number, [])
		if here != 0:
			break
	t.errors()
	if not t.check(here != 0, "a port of IPv6 is free"):
		return
	t.same(server.sockets.getListenSocketAddressString(here), "[::1]:%d" % number, "IPv6: address")
	t.same(server.sockets.getListenSocketAddressString(here, false), "::1", "IPv6: address without port")
	server.on_knock = func(handle: int) -> void: server.sockets.acceptConnection(handle)
	var there: int = client.sockets.connectByIPAddress("[::1]:%d" % number, [])
	changed(client, there, [[NONE, CONNECTING], [CONNECTING, CONNECTED]], "IPv6")
	server.on_knock = Callable()
	var other := server.changes[0].handle
	changed(server, other, [[NONE, CONNECTING], [CONNECTING, CONNECTED]], "IPv6")
	t.same(info(client, there).remote_address, "[::1]:%d" % number, "IPv6: remote address")
	t.same(info(client, there).identity, "ip:[::1]:%d" % number, "IPv6: identity")
	sent_one(client, there, "six".to_utf8_buffer(), RELIABLE)
	t.same(received(server, other, 1, "IPv6")[0].payload_string, "six", "IPv6: a message")
	done_with(server, [other])
	changed(client, there, [[CONNECTED, CLOSED_BY_PEER]], "IPv6")
	done_with(client, [there])
	t.same(server.sockets.closeListenSocket(here), true, "IPv6: close")

# Who becomes somebody else ends everything.
func somebody_else() -> void:
	var group: int = server.sockets.createPollGroup()
	listen()
	var everywhere: int = server.sockets.createListenSocketIP("0.0.0.0:%d" % (port + 1), [])
	if everywhere != 0:
		t.same(server.sockets.getListenSocketAddressString(everywhere), "[::]:%d" % (port + 1), "every address")
	t.errors()
	var there: int = client.sockets.connectByIPAddress("127.0.0.1:%d" % port, [])
	server.on_knock = func(handle: int) -> void: server.sockets.acceptConnection(handle)
	changed(client, there, [[NONE, CONNECTING], [CONNECTING, CONNECTED]], "up for the last time")
	server.on_knock = Callable()
	var here := server.changes[0].handle
	server.sockets.resetIdentity("str:somebody else")
	t.same(server.sockets.getIdentity(), "str:somebody else", "who we are")
	changed(server, here, [[NONE, CONNECTING], [CONNECTING, CONNECTED], [CONNECTED, NONE]], "gone with our identity")
	var end := changed(client, there, [[CONNECTED, CLOSED_BY_PEER]], "the peer is told")
	t.same(end[0].connection.end_reason, "2999", "the peer is told")
	t.same(server.sockets.closeListenSocket(listener), false, "listen sockets went too")
	t.one_error("closeListenSocket: ", "listen sockets went too")
	t.same(server.sockets.destroyPollGroup(group), false, "poll groups went too")
	t.one_error("destroyPollGroup: ", "poll groups went too")
	done_with(client, [there])
	server.sockets.resetIdentity("")
	t.same(server.sockets.getIdentity(), "ip:::1", "nobody in particular again")

# A port where nobody is.
func nobody_answers() -> void:
	var silent := PacketPeerUDP.new()
	t.same(silent.bind(0, "127.0.0.1"), OK, "a port that says nothing")
	var options := [[TIMEOUT_INITIAL, INT32, 300]]
	var alone: int = client.sockets.connectByIPAddress("127.0.0.1:%d" % silent.get_local_port(), options)
	var changes := changed(client, alone, [[NONE, CONNECTING], [CONNECTING, PROBLEM]], "nobody answers")
	t.same(changes[-1].connection.end_reason, "5003", "nobody answers")
	t.same(info(client, alone).end_reason, 5003, "nobody answers")
	t.same(client.sockets.closeConnection(alone, 0, "", false), true, "close what failed")
	changed(client, alone, [[PROBLEM, NONE]], "close what failed")
	silent.close()

# A listen socket takes its connections with it, and their peers find out.
func listener_goes() -> void:
	var there: int = client.sockets.connectByIPAddress("127.0.0.1:%d" % port, [[TIMEOUT_CONNECTED, INT32, 300]])
	server.on_knock = func(handle: int) -> void: server.sockets.acceptConnection(handle)
	wait(func() -> bool: return client.sockets.getConnectionInfo(there).connection_state == CONNECTED, "up again")
	var here := server.changes[0].handle
	changed(server, here, [[NONE, CONNECTING], [CONNECTING, CONNECTED]], "up again")
	t.same(server.sockets.closeListenSocket(listener), true, "closeListenSocket")
	var mine := changed(server, here, [[CONNECTED, NONE]], "went with its listen socket")
	t.same(mine[0].connection.end_reason, "0", "without a reason")
	t.same(server.sockets.getConnectionInfo(here), {}, "the handle went too")
	t.one_error("getConnectionInfo: ", "the handle went too")
	t.same(server.sockets.closeListenSocket(listener), false, "closed twice")
	t.one_error("closeListenSocket: ", "closed twice")
	t.same(server.sockets.getListenSocketAddress(listener), false, "address of what is closed")
	t.one_error("getListenSocketAddress: ", "address of what is closed")
	server.on_knock = Callable()
	# Nobody tells the peer, which says something and waits in vain for an answer.
	sent_one(client, there, "hello?".to_utf8_buffer(), RELIABLE)
	var theirs := changed(client, there, [[NONE, CONNECTING], [CONNECTING, CONNECTED], [CONNECTED, PROBLEM]],
			"the peer finds out")
	t.same(theirs[-1].connection.end_reason_code, NetworkingSockets.CONNECTION_END_MISC_TIMEOUT, "the peer finds out")
	done_with(client, [there])

func pairs() -> void:
	for loopback: bool in [false, true]:
		var what := "pair, %s" % ("over sockets" if loopback else "in memory")
		server.sockets.setGenericString("first", "first")
		var pair: Dictionary = server.sockets.createSocketPair(loopback, "first", "str:second")
		page.keys_match(pair, page.shape_of_function("createSocketPair"), what)
		t.check(pair.success and pair.connection1 > 0 and pair.connection2 > 0, what)
		pump()
		t.same(server.changes.size(), 0, "%s: nothing is emitted when it is made" % what)
		var one := info(server, pair.connection1)
		var other := info(server, pair.connection2)
		t.same([one.identity, other.identity], ["str:first", "str:second"], "%s: whom they see" % what)
		t.same([one.connection_state, other.connection_state], [CONNECTED, CONNECTED], "%s: state" % what)
		t.same([one.flags, other.flags], [9, 9] if loopback else [12, 12], "%s: flags" % what)
		t.check(one.remote_address.begins_with("127.0.0.1:") if loopback else one.remote_address == "[::]:0",
				"%s: address %s" % [what, one.remote_address])
		var status: Dictionary = server.sockets.getConnectionRealTimeStatus(pair.connection1)
		t.same(status.connection_status.queue_time == INT64_MAX, not loopback, "%s: queue time" % what)
		sent_one(server, pair.connection1, "ping".to_utf8_buffer(), RELIABLE)
		var got := received(server, pair.connection2, 1, what)
		t.same([got[0].payload_string, got[0].identity], ["ping", "str:second"], "%s: a message" % what)
		t.same(server.sockets.closeConnection(pair.connection1, 1001, "done", true), true, "%s: close" % what)
		changed(server, pair.connection1, [[CONNECTED, NONE]], what)
		var end := changed(server, pair.connection2, [[CONNECTED, CLOSED_BY_PEER]], what)
		t.same([end[0].connection.end_reason, end[0].connection.end_debug], ["1001", "done"], "%s: why" % what)
		server.sockets.closeConnection(pair.connection2, 0, "", false)
		changed(server, pair.connection2, [[CLOSED_BY_PEER, NONE]], what)
	# Empty references stand for localhost, which stays that.
	var nobody: Dictionary = server.sockets.createSocketPair(false, "", "unknown")
	t.same(info(server, nobody.connection1).identity, "ip:::1", "localhost")
	t.same(info(server, nobody.connection2).identity, "ip:::1", "localhost")
	done_with(server, [nobody.connection1, nobody.connection2])
