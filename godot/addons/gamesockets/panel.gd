# Every connection of one running game: a table, curves for the chosen one, sliders for the simulated network.
@tool
extends MarginContainer

# For the game: `watch` [bool], or `simulate` [context, setting, value].
signal wanted(message: String, data: Array)

const Graph := preload("graph.gd")
const Simulation := preload("simulation.gd")
# Titles, and how wide their columns are at least.
const COLUMNS: Dictionary = {"Connection": 124, "Peer": 136, "State": 88, "Ping ms": 62, "Quality in / out": 108,
		"In KiB/s": 64, "Out KiB/s": 74, "Waits / unacked": 112, "Lanes": 44}
const STATES: Dictionary = {0: "none", 1: "connecting", 2: "finding route", 3: "connected",
		4: "closed by peer", 5: "problem"}

var tree := Tree.new()
var lanes := Label.new()
var ping := Graph.new("Ping", "ms", ["ping"] as Array[String])
var quality := Graph.new("Lost or late", "%", ["in", "out"] as Array[String])
var rate := Graph.new("Rate", "KiB/s", ["in", "out"] as Array[String])
var simulation := Simulation.new()
# Context and handle of the connection that the curves show.
var chosen: Array = []
var items: Dictionary = {}


func _init() -> void:
	custom_minimum_size.y = 240
	var split := HSplitContainer.new()
	add_child(split)
	var left := VBoxContainer.new()
	left.size_flags_horizontal = SIZE_EXPAND_FILL
	left.size_flags_stretch_ratio = 2.6
	split.add_child(left)
	build_tree()
	left.add_child(tree)
	lanes.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	left.add_child(lanes)
	var right := HBoxContainer.new()
	right.size_flags_horizontal = SIZE_EXPAND_FILL
	split.add_child(right)
	var curves := VBoxContainer.new()
	curves.size_flags_horizontal = SIZE_EXPAND_FILL
	for graph: Graph in [ping, quality, rate]:
		graph.custom_minimum_size.y = 60
		curves.add_child(graph)
	right.add_child(curves)
	right.add_child(simulation)
	simulation.changed.connect(func(setting: int, value: float) -> void:
		wanted.emit("simulate", [0, setting, value]))


func build_tree() -> void:
	tree.columns = COLUMNS.size()
	tree.column_titles_visible = true
	tree.hide_root = true
	tree.size_flags_vertical = SIZE_EXPAND_FILL
	var titles: Array = COLUMNS.keys()
	for at in titles.size():
		tree.set_column_title(at, titles[at])
		tree.set_column_title_alignment(at, HORIZONTAL_ALIGNMENT_LEFT)
		tree.set_column_expand(at, at < 3)
		tree.set_column_custom_minimum_width(at, COLUMNS[titles[at]])
		tree.set_column_clip_content(at, true)
	tree.item_selected.connect(_on_selected)


# The game runs; it is asked to tell.
func begin() -> void:
	clear()
	wanted.emit("watch", [true])
	simulation.send_all()


func end() -> void:
	lanes.text = "The game has ended."


func clear() -> void:
	tree.clear()
	tree.create_item()
	items.clear()
	chosen = []
	for graph: Graph in [ping, quality, rate]:
		graph.clear()
	lanes.text = ""


func show_contexts(contexts: Array) -> void:
	if tree.get_root() == null:
		tree.create_item()
	var alive: Dictionary = {}
	for context: Dictionary in contexts:
		var key := str(context.context)
		alive[key] = true
		var parent := item(key, tree.get_root())
		parent.set_text(0, "%s %d" % [context.kind, context.context])
		parent.set_text(1, context.identity)
		for connection: Dictionary in context.connections:
			var key_of_connection := "%s/%d" % [key, connection.connection]
			alive[key_of_connection] = true
			show_connection(item(key_of_connection, parent), connection)
			follow([context.context, connection.connection], connection)
	for key: String in items.keys():
		if not alive.has(key):
			drop(key)


func item(key: String, parent: TreeItem) -> TreeItem:
	if not items.has(key):
		items[key] = tree.create_item(parent)
	return items[key]


func drop(key: String) -> void:
	# With a context its connections are gone already.
	if is_instance_valid(items[key]):
		items[key].free()
	items.erase(key)


func show_connection(row: TreeItem, connection: Dictionary) -> void:
	var title: String = connection.name if connection.name else "#%d" % connection.connection
	var state: String = STATES.get(connection.state, str(connection.state))
	if connection.end_reason:
		state += " (%d: %s)" % [connection.end_reason, connection.end_debug]
	var texts: Array[String] = [title, peer_text(connection), state,
			str(connection.ping), "%s / %s" % [percent(connection.local_quality), percent(connection.remote_quality)],
			kib(connection.bytes_in_per_second), kib(connection.bytes_out_per_second),
			"%s / %s" % [kib(connection.pending_reliable + connection.pending_unreliable),
			kib(connection.sent_unacknowledged_reliable)], str(connection.lanes.size())]
	for at in texts.size():
		row.set_text(at, texts[at])
		row.set_tooltip_text(at, "%s\n%s" % [connection.description, texts[at]])
	row.set_metadata(0, connection.connection)


# Curves and lanes of the chosen connection; the first one is chosen where nobody has chosen.
func follow(key: Array, connection: Dictionary) -> void:
	if chosen.is_empty():
		chosen = key
	if chosen != key:
		return
	ping.add([float(connection.ping)] as Array[float])
	quality.add([lost(connection.local_quality), lost(connection.remote_quality)] as Array[float])
	rate.add([connection.bytes_in_per_second / 1024.0, connection.bytes_out_per_second / 1024.0] as Array[float])
	lanes.text = lanes_text(connection.lanes)


# Lanes in which something waits or is under way; the others have nothing to tell.
static func lanes_text(figures: Array) -> String:
	var texts: PackedStringArray = ["%d lanes" % figures.size()]
	for at in figures.size():
		var waiting: int = figures[at].pending_reliable + figures[at].pending_unreliable
		var unacknowledged: int = figures[at].sent_unacknowledged_reliable
		if waiting + unacknowledged > 0:
			texts.append("lane %d: %s KiB waiting, %s KiB unacknowledged" % [at, kib(waiting), kib(unacknowledged)])
	return "    ".join(texts)


# A peer that proves nothing is named after its address.
static func peer_text(connection: Dictionary) -> String:
	var identity: String = connection.identity
	return connection.remote_address if identity.begins_with("ip:") else "%s  %s" % [identity, connection.remote_address]


func _on_selected() -> void:
	var row := tree.get_selected()
	for key: String in items:
		if items[key] == row and key.contains("/"):
			chosen = [key.get_slice("/", 0).to_int(), key.get_slice("/", 1).to_int()]
			for graph: Graph in [ping, quality, rate]:
				graph.clear()


static func percent(share: float) -> String:
	return "?" if share < 0.0 else "%.0f %%" % (100.0 * share)


static func lost(share: float) -> float:
	return 0.0 if share < 0.0 else 100.0 * (1.0 - share)


static func kib(bytes: float) -> String:
	return "%.1f" % (bytes / 1024.0)
