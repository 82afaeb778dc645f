# The right edge of the window: menu, scores, figures of connections, and the sliders of the simulated network.
class_name Hud
extends CanvasLayer

signal host_wanted(port: int)
signal join_wanted(address: String, port: int)

const WIDTH := 304.0

var monitor: NetworkingSocketsMonitor
var sliders: Dictionary[String, HSlider] = {}
var column := VBoxContainer.new()
var menu := VBoxContainer.new()
var status := Label.new()
var board := RichTextLabel.new()
var figures := RichTextLabel.new()


func _init() -> void:
	var panel := PanelContainer.new()
	panel.set_anchors_and_offsets_preset(Control.PRESET_RIGHT_WIDE)
	panel.offset_left = -WIDTH
	var margin := MarginContainer.new()
	for side: String in ["left", "right", "top", "bottom"]:
		margin.add_theme_constant_override("margin_" + side, 12)
	add_child(panel)
	panel.add_child(margin)
	margin.add_child(column)
	column.add_theme_constant_override("separation", 8)
	build_menu()
	status.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	column.add_child(status)
	for text: RichTextLabel in [board, figures]:
		text.fit_content = true
		text.bbcode_enabled = true
		text.scroll_active = false
		column.add_child(text)
	figures.add_theme_font_size_override("normal_font_size", 13)
	add_slider("lag", "Lag", 300.0, " ms")
	add_slider("loss", "Loss", 30.0, " %")


func build_menu() -> void:
	var port := SpinBox.new()
	port.min_value = 1024
	port.max_value = 65535
	port.value = Options.DEFAULT_PORT
	var address := LineEdit.new()
	address.text = "127.0.0.1"
	var host_button := Button.new()
	host_button.text = "Host and play"
	host_button.pressed.connect(func() -> void: host_wanted.emit(int(port.value)))
	var join_button := Button.new()
	join_button.text = "Join"
	join_button.pressed.connect(func() -> void: join_wanted.emit(address.text, int(port.value)))
	for control: Control in [port, host_button, address, join_button]:
		menu.add_child(control)
	column.add_child(menu)


func add_slider(key: String, title: String, highest: float, unit: String) -> void:
	var label := Label.new()
	var slider := HSlider.new()
	slider.max_value = highest
	slider.step = 1.0
	sliders[key] = slider
	var show_value := func(value: float) -> void: label.text = "%s each way: %d%s" % [title, int(value), unit]
	show_value.call(0.0)
	slider.value_changed.connect(show_value)
	slider.value_changed.connect(func(_value: float) -> void: apply())
	column.add_child(label)
	column.add_child(slider)


# Sets the sliders, and with them the network.
func simulate(lag: float, loss: float) -> void:
	sliders["lag"].set_value(lag)
	sliders["loss"].set_value(loss)
	apply()


# Each process spoils what it sends; with all alike that is each way.
func apply() -> void:
	if monitor == null:
		return
	monitor.simulate(0, NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LAG_SEND, sliders["lag"].value)
	monitor.simulate(0, NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LOSS_SEND, sliders["loss"].value)


func begin(what: String) -> void:
	menu.hide()
	status.text = what


func say(what: String) -> void:
	status.text = what


func direction() -> Vector2:
	return Input.get_vector("ui_left", "ui_right", "ui_up", "ui_down")


func _ready() -> void:
	var timer := Timer.new()
	timer.wait_time = 0.25
	timer.autostart = true
	timer.timeout.connect(refresh)
	add_child(timer)


func refresh() -> void:
	if DisplayServer.get_name() == "headless":
		return
	var world: World = get_node("../World")
	var ranked: Array = world.players.get_children()
	ranked.sort_custom(func(a: Player, b: Player) -> bool: return a.score > b.score)
	var lines: PackedStringArray = []
	for player: Player in ranked:
		var colour := Color.from_hsv(player.hue, 0.6, 1.0).to_html(false)
		lines.append("[color=#%s]%4d  %s[/color]" % [colour, player.score, "you" if player.is_mine() else str(player.name)])
	board.text = "\n".join(lines)
	figures.text = "\n".join(figure_lines())


func figure_lines() -> PackedStringArray:
	var lines: PackedStringArray = []
	for context: Dictionary in monitor.contexts():
		for connection: Dictionary in context.connections:
			lines.append("ping %d ms, quality %d %%\nin %.1f, out %.1f KiB/s" % [connection.ping,
					roundi(100.0 * maxf(connection.local_quality, 0.0)), connection.bytes_in_per_second / 1024.0,
					connection.bytes_out_per_second / 1024.0])
	return lines
