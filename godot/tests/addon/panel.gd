# The panel shows what a game tells, and asks for what is set on it. Here there is no game, only what one would say.
extends SceneTree

const SocketsPanel := preload("res://addons/gamesockets/panel.gd")

var checks := 0
var fails := 0
var asked: Array[Array] = []
var panel: SocketsPanel


func check(good: bool, what: String) -> void:
	checks += 1
	if not good:
		fails += 1
		print("FAIL ", what)


func connection(handle: int, name: String) -> Dictionary:
	var lane := {pending_unreliable = 0, pending_reliable = 2048, sent_unacknowledged_reliable = 512, queue_time = 0}
	return {connection = handle, name = name, identity = "str:ann", remote_address = "127.0.0.1:5", description = "d",
			end_reason = 0, end_debug = "", state = 3, ping = 48, local_quality = 0.95, remote_quality = -1.0,
			packets_out_per_second = 60.0, bytes_out_per_second = 2048.0, packets_in_per_second = 60.0,
			bytes_in_per_second = 1024.0, send_rate = 262144, pending_unreliable = 0, pending_reliable = 2048,
			sent_unacknowledged_reliable = 512, queue_time = 0, max_jitter = -1, lanes = [lane, lane]}


func _initialize() -> void:
	panel = SocketsPanel.new()
	root.add_child(panel)
	# Sliders tell of changes only once they are inside the tree.
	await process_frame
	panel.wanted.connect(func(message: String, data: Array) -> void: asked.append([message, data]))
	panel.begin()
	check(asked == [["watch", [true]]], "a game that begins is asked to tell: %s" % [asked])
	show_and_drop()
	set_sliders()
	real_contexts()
	panel.queue_free()
	await process_frame
	print("RESULT fails=%d checks=%d" % [fails, checks])
	quit(fails)


func show_and_drop() -> void:
	var one := {context = 1, kind = "NetworkingSockets", identity = "str:me", simulated = {}, connections = []}
	one.connections = [connection(7, "first"), connection(8, "")]
	panel.show_contexts([one])
	var rows := panel.tree.get_root().get_child(0)
	check(rows.get_text(0) == "NetworkingSockets 1", "the context has a row")
	check(rows.get_child_count() == 2, "its connections have rows")
	check(rows.get_child(0).get_text(0) == "first" and rows.get_child(1).get_text(0) == "#8", "by name or number")
	check(rows.get_child(0).get_text(2) == "connected" and rows.get_child(0).get_text(3) == "48", "state and ping")
	check(rows.get_child(0).get_text(4) == "95 % / ?", "quality, which may be unknown")
	check(panel.ping.curves[0].size() == 1, "the first connection is followed")
	check(panel.lanes.text.contains("lane 1: 2.0 KiB waiting"), "its lanes are shown: %s" % panel.lanes.text)
	one.connections = [connection(8, "")]
	panel.show_contexts([one])
	check(rows.get_child_count() == 1, "a connection that went has no row")
	panel.show_contexts([])
	check(panel.tree.get_root().get_child_count() == 0, "a context that went has no row")


func set_sliders() -> void:
	asked.clear()
	panel.simulation.sliders[0].value = 5.0
	check(asked == [["simulate", [0, 2, 5.0]], ["simulate", [0, 3, 0.0]]], "loss is asked for: %s" % [asked])
	asked.clear()
	panel.simulation.both_ways.button_pressed = true
	check(asked.has(["simulate", [0, 3, 5.0]]), "both ways: %s" % [asked])


# What the monitor says has every key that the panel reads.
func real_contexts() -> void:
	var context := NetworkingSocketsContext.new()
	var pair := context.createSocketPair(true, "", "")
	check(pair.success, "a pair")
	var monitor := NetworkingSocketsMonitor.new()
	var lag := NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LAG_SEND
	check(monitor.simulate(0, lag, 20.0), "the network is simulated")
	var found := monitor.contexts().filter(func(one: Dictionary) -> bool: return one.kind == "NetworkingSocketsContext")
	check(found.size() == 1 and found[0].connections.size() == 2, "a context and its connections: %s" % [found])
	check(found[0].simulated[lag] == 20.0, "and what it simulates")
	panel.show_contexts(monitor.contexts())
	check(panel.items.size() == monitor.contexts().size() + 2, "all of it has rows")
	for key: String in connection(1, "").keys():
		check(found[0].connections[0].has(key), "the monitor tells %s" % key)
