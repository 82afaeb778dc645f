# A chat room. The host relays: every member has one connection, the host one to each of them.
#
# The host is a member too, through a pair of connections inside the process, so that there is one way to be a member.
class_name Room
extends RefCounted

signal said(who: String, text: String)
signal noted(text: String)
signal ended(reason: int, text: String)

# What is said goes first; what was said before somebody came may take its time.
const TALK := 0
const HISTORY := 1
const PRIORITIES: Array[int] = [10, 0]
const WEIGHTS: Array[int] = [1, 1]
# Why connections are closed, from the range of the application.
const REASON_LEFT := 1001
const REASON_CLOSED := 1002
const MESSAGES_AT_ONCE := 64
const SEND_RELIABLE := 8
# For an outgoing connection: give up after 5 s (TIMEOUT_INITIAL, an int, in milliseconds).
const IMPATIENT: Array = [[24, 1, 5000]]

var my_name := ""
# Host: the listen socket, the group that all members' messages come out of, and who they are.
var listen_socket := 0
var group := 0
var members: Dictionary[int, String] = {}
var history: PackedStringArray = []
# Our own connection into the room.
var connection := 0
var count := 0


func _init() -> void:
	NetworkingSockets.network_connection_status_changed.connect(_on_status_changed)
	NetworkingSockets.network_authentication_status.connect(_on_authentication)
	NetworkingSockets.fake_ip_result.connect(_on_fake_ip)


# Who we are. Connections and sockets of who we were are gone afterwards.
func take_name(who: String) -> void:
	my_name = who
	NetworkingSockets.setGenericString("me", who)
	NetworkingSockets.resetIdentity("me")
	noted.emit("we are %s" % NetworkingSockets.getIdentity())


func host(address: String, port: int) -> bool:
	NetworkingSockets.parseIPAddressString("room", "%s:%d" % [address, port])
	listen_socket = NetworkingSockets.createListenSocketIP("room", [])
	if listen_socket == 0:
		return false
	group = NetworkingSockets.createPollGroup()
	if NetworkingSockets.getListenSocketAddress(listen_socket):
		noted.emit("listening at %s" % NetworkingSockets.toIPAddressString("listen_socket_address", true))
	# The first end sees us as its peer, the second one the host.
	NetworkingSockets.setGenericString("host", "host")
	var pair := NetworkingSockets.createSocketPair(false, "me", "host")
	if not pair.success:
		return false
	connection = pair.connection2
	welcome(pair.connection1)
	introduce()
	return true


func join(address: String, port: int) -> bool:
	connection = NetworkingSockets.connectByIPAddress("%s:%d" % [address, port], IMPATIENT)
	if connection == 0:
		return false
	# What is sent now waits until the host has accepted.
	introduce()
	return true


func introduce() -> void:
	send(connection, "/name " + my_name)


# Says a line to everybody.
func say(text: String) -> void:
	send(connection, text)


# Says the same several times, in one call.
func knock(times: int) -> void:
	NetworkingSockets.sendMessages(times, "knock".to_utf8_buffer(), connection, SEND_RELIABLE)


func send(to: int, text: String, lane: int = TALK) -> bool:
	var data := text.to_utf8_buffer()
	var sent: Dictionary
	if lane == TALK:
		sent = NetworkingSockets.sendMessageToConnection(to, data, SEND_RELIABLE)
	else:
		sent = NetworkingSockets.sendMessageToConnectionOnLane(to, data, SEND_RELIABLE, lane)
	# Nobody types faster than this, so there is nothing to wait for.
	NetworkingSockets.flushMessagesOnConnection(to)
	return sent.result == 1


# Once per frame.
func poll() -> void:
	NetworkingSockets.runNetworkingCallbacks()
	if group:
		for message: Dictionary in NetworkingSockets.receiveMessagesOnPollGroup(group, MESSAGES_AT_ONCE):
			relay(message.connection, message.payload_string)
	if connection:
		read_own()


func read_own() -> void:
	for message: Dictionary in NetworkingSockets.receiveMessagesOnConnection(connection, MESSAGES_AT_ONCE):
		var text: String = message.payload_string
		if text.begins_with("/members "):
			count = text.get_slice(" ", 1).to_int()
			continue
		var parts := text.split(": ", true, 1)
		said.emit(parts[0], parts[1] if parts.size() > 1 else "")


# Host: what a member sent.
func relay(from: int, text: String) -> void:
	if text.begins_with("/name "):
		var wanted := text.trim_prefix("/name ").left(30)
		members[from] = wanted if wanted else "somebody"
		NetworkingSockets.setConnectionName(from, members[from])
		noted.emit("%s is member %d" % [NetworkingSockets.getConnectionName(from),
				NetworkingSockets.getConnectionUserData(from)])
		for line in history:
			send(from, line, HISTORY)
		tell_count()
		return
	var line := "%s: %s" % [members.get(from, "?"), text]
	history.append(line)
	tell_all(line)


# Host: those who said their names. Whoever has not hears everything from the history, once he has.
func introduced() -> Array:
	return members.keys().filter(func(member: int) -> bool: return members[member] != "")


func tell_all(text: String) -> void:
	for member: int in introduced():
		send(member, text)


func tell_count() -> void:
	tell_all("/members %d" % introduced().size())


# Host: a connection that is up.
func welcome(who: int) -> void:
	members[who] = ""
	NetworkingSockets.setConnectionUserData(who, members.size())
	NetworkingSockets.configureConnectionLanes(who, PRIORITIES.size(), PRIORITIES, WEIGHTS)
	NetworkingSockets.setConnectionPollGroup(who, group)


func _on_status_changed(who: int, info: Dictionary, old_state: int) -> void:
	match info.connection_state:
		NetworkingSockets.CONNECTION_STATE_CONNECTING when info.listen_socket != 0 and old_state == 0:
			NetworkingSockets.acceptConnection(who)
		NetworkingSockets.CONNECTION_STATE_CONNECTED when info.listen_socket != 0:
			welcome(who)
		NetworkingSockets.CONNECTION_STATE_CONNECTED:
			noted.emit("connected with %s" % info.debug_description)
		NetworkingSockets.CONNECTION_STATE_CLOSED_BY_PEER, NetworkingSockets.CONNECTION_STATE_PROBLEM_DETECTED_LOCALLY:
			lost(who, info)


# A connection that ended is ours to close. What had arrived can be read before.
func lost(who: int, info: Dictionary) -> void:
	if who == connection:
		read_own()
		connection = 0
		ended.emit(info.end_reason_code, info.end_debug)
	elif members.has(who):
		noted.emit("%s is gone (%d: %s)" % [members[who], info.end_reason_code, info.end_debug])
		members.erase(who)
		tell_count()
	NetworkingSockets.closeConnection(who, 0, "", false)


func _on_authentication(available: int, message: String) -> void:
	noted.emit("authentication: %d %s" % [available, message])


func _on_fake_ip(result: int, _identity: String, address: String, ports: Array) -> void:
	noted.emit("fake address: result %d %s %s" % [result, address, ports])


# How our own connection does.
func figures() -> Dictionary:
	if connection == 0:
		return {}
	return NetworkingSockets.GetConnectionRealTimeStatus(connection, 1, true)


func describe() -> String:
	if connection == 0:
		return "not connected"
	var info := NetworkingSockets.getConnectionInfo(connection)
	return "%s\n%s" % [info.debug_description, NetworkingSockets.getDetailedConnectionStatus(connection).buffer]


# Leaves; a host closes the room for all. Everybody is told why, and what was said before still arrives.
func leave() -> void:
	var reason := REASON_CLOSED if listen_socket else REASON_LEFT
	var text := "the room is closed" if listen_socket else "left"
	for member: int in members:
		NetworkingSockets.closeConnection(member, reason, text, true)
	members.clear()
	if group:
		NetworkingSockets.destroyPollGroup(group)
		group = 0
	elif connection:
		# A host's own connection hears of the end from its other end.
		NetworkingSockets.closeConnection(connection, reason, text, true)
		connection = 0


# After leaving, when nobody has to hear anything more.
func shut() -> void:
	if listen_socket:
		NetworkingSockets.closeListenSocket(listen_socket)
	listen_socket = 0
	NetworkingSockets.network_connection_status_changed.disconnect(_on_status_changed)
	NetworkingSockets.network_authentication_status.disconnect(_on_authentication)
	NetworkingSockets.fake_ip_result.disconnect(_on_fake_ip)
