# Callbacks by hand alone, as the setting says; with another setting in the same section.
# setting: gamesockets/automatic_callbacks=false
# setting: gamesockets/trusted_roots=PackedStringArray()
extends SceneTree

var t := preload("res://harness.gd").new()
var told: Array = []

func _initialize() -> void:
	run()

func hear(handle: int, _facts: Dictionary, old: int) -> void:
	told.append([handle, old])

func run() -> void:
	t.same(ProjectSettings.get_setting("gamesockets/automatic_callbacks"), false, "the setting")
	for function in ["run_callbacks", "runNetworkingCallbacks"]:
		for net in [NetworkingSockets, NetworkingSocketsContext.new()]:
			told = []
			net.network_connection_status_changed.connect(hear)
			var one: int = net.connectByIPAddress("127.0.0.1:9", [])
			for frame in 20:
				await process_frame
			t.same(told, [], "not by itself")
			net.call(function)
			t.same(told, [[one, 0]], "by %s" % function)
			net.call(function)
			t.same(told, [[one, 0]], "once by %s" % function)
			net.closeConnection(one, 0, "", false)
			net.call(function)
			net.network_connection_status_changed.disconnect(hear)
	flood()
	t.no_error("callbacks by hand")
	t.finish(self)

# A game that forgets to call for a long time gets everything, in order.
func flood() -> void:
	told = []
	var made := []
	for n in 2000:
		var one: int = NetworkingSockets.connectByIPAddress("127.0.0.1:9", [])
		NetworkingSockets.closeConnection(one, 0, "", false)
		made += [[one, 0], [one, 1]]
	NetworkingSockets.network_connection_status_changed.connect(hear)
	NetworkingSockets.run_callbacks()
	t.check(told == made, "%d of %d events in order" % [told.size(), made.size()])
	NetworkingSockets.network_connection_status_changed.disconnect(hear)
