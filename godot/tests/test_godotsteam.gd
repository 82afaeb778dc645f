# A small game written against GodotSteam: nothing in here knows that there is no Steam.
# names: Steam
extends SceneTree

const PORT_FROM := 20000

# The host of a match: takes players in, greets them, echoes what they say.
class Host extends Node:
	var port: int = 0
	var listen_socket: int = 0
	var poll_group: int = 0
	var players: Dictionary = {}
	var lines: Array = []
	var goodbyes: Array = []

	func _ready() -> void:
		Steam.network_connection_status_changed.connect(_on_network_connection_status_changed)
		poll_group = Steam.createPollGroup()
		# Options in a variable that says its type.
		var options: Array = [[Steam.NETWORKING_CONFIG_TIMEOUT_INITIAL, 1, 5000]]
		Steam.addIPAddress("match")
		while listen_socket == 0 and port < PORT_FROM + 40000:
			port = PORT_FROM + randi() % 20000
			Steam.setIPv4("match", 0x7f000001, port)
			listen_socket = Steam.createListenSocketIP("match", options)

	func _process(_delta: float) -> void:
		Steam.run_callbacks()
		var messages: Array = Steam.receiveMessagesOnPollGroup(poll_group, 32)
		for message in messages:
			_read(message)

	func _read(message: Dictionary) -> void:
		var text: String = message["payload"].get_string_from_utf8()
		lines.append([message["connection"], text, message["channel"], message["size"]])
		var reply: PackedByteArray = ("echo " + text).to_utf8_buffer()
		var sent: Dictionary = Steam.sendMessageToConnection(message["connection"], reply, Steam.NETWORKING_SEND_RELIABLE)
		if sent["result"] != 1:
			lines.append(["not sent", sent])

	func _on_network_connection_status_changed(connect_handle: int, connection: Dictionary, old_state: int) -> void:
		# Those of the player come here too.
		if connection["listen_socket"] != listen_socket:
			return
		match connection["connection_state"]:
			Steam.CONNECTION_STATE_CONNECTING:
				if old_state == Steam.CONNECTION_STATE_NONE and players.size() < 2:
					var result: int = Steam.acceptConnection(connect_handle)
					if result == 1:
						players[connect_handle] = connection["identity"]
				else:
					Steam.closeConnection(connect_handle, Steam.CONNECTION_END_APP_EXCEPTION_MIN, "The match is full", false)
			Steam.CONNECTION_STATE_CONNECTED:
				Steam.setConnectionPollGroup(connect_handle, poll_group)
				Steam.setConnectionName(connect_handle, "player %d" % players.size())
				Steam.sendMessageToConnection(connect_handle, "welcome".to_utf8_buffer(),
						Steam.NETWORKING_SEND_RELIABLE_NO_NAGLE)
			Steam.CONNECTION_STATE_CLOSED_BY_PEER, Steam.CONNECTION_STATE_PROBLEM_DETECTED_LOCALLY:
				var info: Dictionary = Steam.getConnectionInfo(connect_handle)
				goodbyes.append([info["end_reason"], info["end_debug"]])
				players.erase(connect_handle)
				Steam.closeConnection(connect_handle, 0, "", false)

	func stop() -> void:
		set_process(false)
		Steam.network_connection_status_changed.disconnect(_on_network_connection_status_changed)
		Steam.closeListenSocket(listen_socket)
		Steam.destroyPollGroup(poll_group)

# Somebody who plays.
class Player extends Node:
	var newer: bool = false
	var connection: int = 0
	var heard: Array = []
	var states: Array = []

	func join(port: int) -> void:
		Steam.network_connection_status_changed.connect(_on_network_connection_status_changed)
		# Options in a variable that says nothing, as a list or as the dictionary that later versions take.
		var options = []
		options.append([Steam.NETWORKING_CONFIG_NAGLE_TIME, 1, 0])
		options.append([Steam.NETWORKING_CONFIG_CONNECTION_USER_DATA, 2, 7])
		if newer:
			options = {Steam.NETWORKING_CONFIG_NAGLE_TIME: 0, Steam.NETWORKING_CONFIG_CONNECTION_USER_DATA: 7}
		connection = Steam.connectByIPAddress("127.0.0.1:%d" % port, options)

	func _process(_delta):
		Steam.run_callbacks()
		if connection == 0:
			return
		for message in Steam.receiveMessagesOnConnection(connection, 10):
			heard.append(message.payload.get_string_from_utf8())

	func say(text):
		var data = text.to_utf8_buffer()
		return Steam.sendMessageToConnection(connection, data, Steam.NETWORKING_SEND_RELIABLE)

	func leave() -> void:
		Steam.closeConnection(connection, Steam.CONNECTION_END_APP_MIN + 5, "Good game", true)
		connection = 0

	func _on_network_connection_status_changed(connect_handle, connection_data, old_state):
		if connect_handle != connection:
			return
		states.append([old_state, connection_data.connection_state])
		if connection_data.connection_state == Steam.CONNECTION_STATE_CLOSED_BY_PEER:
			heard.append("%s: %s" % [connection_data.end_reason, connection_data.end_debug])
			Steam.closeConnection(connection, 0, "", false)
			connection = 0

var t := preload("res://harness.gd").new()

func _initialize() -> void:
	play()

func wait(holds: Callable, what: String) -> void:
	var begin := Time.get_ticks_msec()
	while not holds.call() and Time.get_ticks_msec() - begin < 10000:
		await process_frame
	t.check(holds.call(), what)

func play() -> void:
	await process_frame
	var host := Host.new()
	root.add_child(host)
	t.check(host.listen_socket > 0, "the host listens")
	# Some ask before they use it.
	t.check(Engine.has_singleton("Steam"), "there is a Steam")
	var steam: Object = Engine.get_singleton("Steam")
	t.same(steam.call("getListenSocketAddress", host.listen_socket), true, "the same Steam")
	t.same(Steam.toIPAddressString("listen_socket_address", true), "127.0.0.1:%d" % host.port, "where it listens")
	# Ports that were taken.
	t.errors()
	var players: Array[Player] = []
	for n in 2:
		players.append(Player.new())
		root.add_child(players[n])
		players[n].newer = n == 1
		players[n].join(host.port)
		await wait(func() -> bool: return players[n].heard == ["welcome"], "player %d is welcome" % n)
		t.same(players[n].states, [[0, 1], [1, 3]], "states of player %d" % n)
		t.same(Steam.getConnectionUserData(players[n].connection), 7, "user data")
	t.same(host.players.size(), 2, "players of the host")
	t.same(players[0].say("hello").result, 1, "say")
	await wait(func() -> bool: return players[0].heard == ["welcome", "echo hello"], "an answer")
	t.same(players[1].heard, ["welcome"], "not for the other one")
	t.same(host.lines.map(func(line: Array) -> Array: return line.slice(1)), [["hello", -1, 5]], "what the host read")
	var late := Player.new()
	root.add_child(late)
	late.join(host.port)
	await wait(func() -> bool: return late.heard == ["2000: The match is full"], "the third one is sent away")
	for player in players:
		player.leave()
	await wait(func() -> bool: return host.goodbyes.size() == 2, "goodbyes")
	t.same(host.goodbyes, [[1005, "Good game"], [1005, "Good game"]], "why they left")
	await wait(func() -> bool: return host.players.is_empty(), "nobody is left")
	for player in [late] + players:
		Steam.network_connection_status_changed.disconnect(player._on_network_connection_status_changed)
		player.queue_free()
	host.stop()
	host.queue_free()
	await process_frame
	t.no_error("the match")
	t.finish(self)
