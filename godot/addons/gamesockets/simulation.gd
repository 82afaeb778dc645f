# Sliders for the network that the running game simulates.
@tool
extends VBoxContainer

signal changed(setting: int, value: float)

# What a slider is called, how far it goes, and what it sets, in each direction: NETWORKING_CONFIG_FAKE_PACKET_*.
const SLIDERS: Array[Array] = [
	["Loss", 50.0, "%", 2, 3],
	["Lag", 500.0, "ms", 4, 5],
	["Jitter", 100.0, "ms", 53, 56],
	["Reorder", 50.0, "%", 6, 7],
	["Duplicate", 50.0, "%", 26, 27],
]

var both_ways := CheckBox.new()
var sliders: Array[HSlider] = []


func _init() -> void:
	custom_minimum_size.x = 250
	var title := Label.new()
	title.text = "Simulated network"
	add_child(title)
	var grid := GridContainer.new()
	grid.columns = 3
	add_child(grid)
	for at in SLIDERS.size():
		add_slider(grid, at)
	both_ways.text = "What it receives as well"
	both_ways.tooltip_text = "Each game spoils what it sends. With this, also what it receives:\nfor a peer that is not under a debugger."
	both_ways.toggled.connect(func(_on: bool) -> void: send_all())
	add_child(both_ways)
	var reset := Button.new()
	reset.text = "A good network"
	reset.pressed.connect(func() -> void:
		for slider in sliders:
			slider.value = 0.0)
	add_child(reset)


func add_slider(grid: GridContainer, at: int) -> void:
	var title := Label.new()
	title.text = SLIDERS[at][0]
	var slider := HSlider.new()
	slider.max_value = SLIDERS[at][1]
	slider.custom_minimum_size = Vector2(110, 0)
	slider.size_flags_horizontal = SIZE_EXPAND_FILL
	slider.size_flags_vertical = SIZE_SHRINK_CENTER
	var value_text := Label.new()
	value_text.custom_minimum_size.x = 58
	value_text.horizontal_alignment = HORIZONTAL_ALIGNMENT_RIGHT
	value_text.text = "0 %s" % SLIDERS[at][2]
	slider.value_changed.connect(func(value: float) -> void:
		value_text.text = "%d %s" % [int(value), SLIDERS[at][2]]
		send(at))
	sliders.append(slider)
	for control: Control in [title, slider, value_text]:
		grid.add_child(control)


func send(at: int) -> void:
	changed.emit(SLIDERS[at][3], sliders[at].value)
	changed.emit(SLIDERS[at][4], sliders[at].value if both_ways.button_pressed else 0.0)


# For a game that has just begun. One whose own settings nobody touched here keeps them.
func send_all() -> void:
	for at in sliders.size():
		if sliders[at].value > 0.0 or both_ways.button_pressed:
			send(at)
