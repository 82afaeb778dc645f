# A plugin of the editor for `./x godot pictures`: opens the panel of the running game, takes a picture, ends.
@tool
extends EditorPlugin

const TAB := "Networking sockets"
const WATCH_SECONDS := 25.0
const LONGEST_SECONDS := 150.0
# What the picture's network is like: setting of the first sliders, in their order.
const NETWORK: Array[float] = [5.0, 50.0]


func _enter_tree() -> void:
	if OS.has_environment("GAMESOCKETS_PICTURE"):
		watch.call_deferred()


func watch() -> void:
	await get_tree().create_timer(6.0).timeout
	FileAccess.open("res://camera-ready", FileAccess.WRITE).store_string("ready")
	var begun := Time.get_ticks_msec()
	var panel := find_panel()
	while panel == null or panel.items.size() < 9:
		if Time.get_ticks_msec() - begun > LONGEST_SECONDS * 1000.0:
			printerr("ERROR: camera: the panel shows nothing")
			return get_tree().quit(1)
		await get_tree().create_timer(0.5).timeout
		panel = find_panel()
	show_panel(panel)
	await get_tree().create_timer(1.0).timeout
	for at in NETWORK.size():
		panel.simulation.sliders[at].value = NETWORK[at]
	await get_tree().create_timer(WATCH_SECONDS).timeout
	await RenderingServer.frame_post_draw
	var picture := get_tree().root.get_texture().get_image()
	picture.save_png(OS.get_environment("GAMESOCKETS_PICTURE"))
	get_tree().quit(0)


func find_panel() -> Node:
	return EditorInterface.get_base_control().find_child(TAB, true, false)


func show_panel(panel: Node) -> void:
	var tabs: TabContainer = panel.get_parent()
	tabs.current_tab = tabs.get_tab_idx_from_control(panel)
	EditorInterface.set_main_screen_editor("2D")
	var node := tabs as Node
	while node != null and node.get_class() != "EditorDebuggerNode":
		node = node.get_parent()
	# Where the bottom panel is made of docks, it is one.
	if node and node.has_method("make_visible"):
		node.call("make_visible")
	elif node:
		make_bottom_panel_item_visible(node)
