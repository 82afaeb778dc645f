# Callbacks by themselves, as without a setting: each frame, once, and beside calls by hand.
extends SceneTree

var t := preload("res://harness.gd").new()
var told: Array = []

func _initialize() -> void:
	run()

func hear(handle: int, _facts: Dictionary, old: int) -> void:
	told.append([handle, old])

func run() -> void:
	t.same(ProjectSettings.get_setting("gamesockets/automatic_callbacks"), true, "the default")
	await process_frame
	for net in [NetworkingSockets, NetworkingSocketsContext.new()]:
		told = []
		net.network_connection_status_changed.connect(hear)
		# Before the first frame after it, nothing is told.
		var one: int = net.connectByIPAddress("127.0.0.1:9", [])
		t.same(told, [], "not before the frame")
		await process_frame
		await process_frame
		t.same(told, [[one, 0]], "by itself")
		# By hand and by itself.
		net.closeConnection(one, 0, "", false)
		net.run_callbacks()
		net.runNetworkingCallbacks()
		t.same(told, [[one, 0], [one, 1]], "by hand")
		await process_frame
		await process_frame
		t.same(told, [[one, 0], [one, 1]], "once")
		# A game that is paused is told too, so that connections are not lost.
		paused = true
		var other: int = net.connectByIPAddress("127.0.0.1:9", [])
		await process_frame
		await process_frame
		t.same(told, [[one, 0], [one, 1], [other, 0]], "in a pause")
		paused = false
		net.closeConnection(other, 0, "", false)
		net.network_connection_status_changed.disconnect(hear)
	# A request for a fake address is answered by itself too.
	var results := []
	NetworkingSockets.fake_ip_result.connect(func(result: int, _i: String, _a: String, _p: Array) -> void: results.append(result))
	t.same(NetworkingSockets.beginAsyncRequestFakeIP(1), true, "a request")
	await process_frame
	await process_frame
	t.same(results, [20], "the answer to a request")
	t.no_error("callbacks")
	t.finish(self)
