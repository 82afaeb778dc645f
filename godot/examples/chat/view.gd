# What the chat looks like. Without a window its notes go to the output.
class_name ChatView
extends HBoxContainer

signal host_wanted(who: String, port: int)
signal join_wanted(who: String, address: String, port: int)
signal line_entered(text: String)
signal simulated(setting: int, value: float)

const COLOURS: Array[String] = ["9be7a4", "9bb8ff", "ffd28a", "ff9b9b", "d9a8ff", "8ae4e7"]
# Title, highest value, unit, setting.
const SLIDERS: Array[Array] = [["Loss", 50, "%", NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LOSS_SEND],
		["Lag", 500, "ms", NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_LAG_SEND],
		["Reorder", 50, "%", NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_REORDER_SEND],
		["Duplicate", 50, "%", NetworkingSockets.NETWORKING_CONFIG_FAKE_PACKET_DUP_SEND]]

var text := RichTextLabel.new()
var input := LineEdit.new()
var start := VBoxContainer.new()
var figures := Label.new()
var headless := DisplayServer.get_name() == "headless"


func _init() -> void:
	var left := VBoxContainer.new()
	left.size_flags_horizontal = SIZE_EXPAND_FILL
	add_child(left)
	text.bbcode_enabled = true
	text.scroll_following = true
	text.size_flags_vertical = SIZE_EXPAND_FILL
	left.add_child(text)
	input.placeholder_text = "say something, or /status /knock /tour /leave"
	input.keep_editing_on_text_submit = true
	input.text_submitted.connect(_on_submitted)
	left.add_child(input)
	var right := VBoxContainer.new()
	right.custom_minimum_size.x = 260
	add_child(right)
	right.add_child(start)
	right.add_child(figures)
	build_start()
	for slider: Array in SLIDERS:
		add_slider(right, slider)


func build_start() -> void:
	var who := LineEdit.new()
	who.text = "ann"
	var address := LineEdit.new()
	address.text = "127.0.0.1"
	var port := SpinBox.new()
	port.min_value = 1
	port.max_value = 65535
	port.value = Options.DEFAULT_PORT
	var host := Button.new()
	host.text = "Open a room"
	host.pressed.connect(func() -> void: host_wanted.emit(who.text, int(port.value)))
	var join := Button.new()
	join.text = "Join"
	join.pressed.connect(func() -> void: join_wanted.emit(who.text, address.text, int(port.value)))
	for control: Control in [who, address, port, host, join]:
		start.add_child(control)


func add_slider(into: Control, about: Array) -> void:
	var label := Label.new()
	label.text = "%s 0 %s" % [about[0], about[2]]
	var slider := HSlider.new()
	slider.max_value = about[1]
	slider.value_changed.connect(func(value: float) -> void:
		label.text = "%s %d %s" % [about[0], int(value), about[2]]
		simulated.emit(about[3], value))
	into.add_child(label)
	into.add_child(slider)


func begin() -> void:
	start.hide()
	input.grab_focus()


func _on_submitted(line: String) -> void:
	input.clear()
	if line:
		line_entered.emit(line)


func say(who: String, line: String) -> void:
	if headless:
		print("%s: %s" % [who, line])
	var colour := COLOURS[who.hash() % COLOURS.size()]
	text.append_text("[color=#%s]%s[/color]  " % [colour, who.replace("[", "[lb]")])
	text.add_text(line + "\n")


func note(line: String) -> void:
	if headless:
		print("-- ", line)
	text.push_color(Color(1, 1, 1, 0.5))
	text.add_text(line + "\n")
	text.pop()


func show_figures(status: Dictionary) -> void:
	if headless or not status.has("connection_status"):
		return
	var now: Dictionary = status.connection_status
	figures.text = "ping %d ms\nin %.1f KiB/s, out %.1f KiB/s\n%d bytes waiting, %d unacknowledged" % [now.ping,
			now.bytes_in_per_second / 1024.0, now.bytes_out_per_second / 1024.0,
			now.pending_reliable + now.pending_unreliable, now.sent_unacknowledged_reliable]
