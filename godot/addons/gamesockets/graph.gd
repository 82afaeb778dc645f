# Curves over the last half minute, drawn as they come.
@tool
extends Control

const SAMPLES := 120
const COLOURS: Array[Color] = [Color(0.45, 0.85, 0.5), Color(0.45, 0.65, 1.0)]

var title := ""
var unit := ""
var names: Array[String] = []
var curves: Array[PackedFloat32Array] = []


func _init(what: String = "", in_unit: String = "", of: Array[String] = []) -> void:
	title = what
	unit = in_unit
	names = of
	for name_of_curve in names:
		curves.append(PackedFloat32Array())
	custom_minimum_size = Vector2(220, 96)
	size_flags_vertical = SIZE_EXPAND_FILL


func clear() -> void:
	for at in curves.size():
		curves[at] = PackedFloat32Array()
	queue_redraw()


func add(values: Array[float]) -> void:
	for at in mini(values.size(), curves.size()):
		curves[at].append(values[at])
		if curves[at].size() > SAMPLES:
			curves[at] = curves[at].slice(-SAMPLES)
	queue_redraw()


# The smallest of 1, 2, 5, 10, 20, ... that everything fits below.
func ceiling() -> float:
	var highest := 1.0
	for curve in curves:
		for value in curve:
			highest = maxf(highest, value)
	var step := pow(10.0, floorf(log(highest) / log(10.0)))
	for factor: float in [1.0, 2.0, 5.0]:
		if highest <= step * factor:
			return step * factor
	return step * 10.0


func _draw() -> void:
	var font := get_theme_default_font()
	var size_of_text := 12
	var top := ceiling()
	draw_rect(Rect2(Vector2.ZERO, size), Color(0, 0, 0, 0.25))
	for line in range(1, 4):
		var y := size.y * line / 4.0
		draw_line(Vector2(0, y), Vector2(size.x, y), Color(1, 1, 1, 0.07))
	for at in curves.size():
		draw_curve(curves[at], top, COLOURS[at])
	draw_string(font, Vector2(6, 15), title, HORIZONTAL_ALIGNMENT_LEFT, -1, size_of_text, Color(1, 1, 1, 0.75))
	draw_string(font, Vector2(0, 15), "%s %s" % [String.num(top), unit], HORIZONTAL_ALIGNMENT_RIGHT, size.x - 6,
			size_of_text, Color(1, 1, 1, 0.5))
	var x := 6.0
	for at in curves.size():
		var now := curves[at][-1] if curves[at].size() > 0 else 0.0
		var text := "%s %s" % [names[at], String.num(now, 1)]
		draw_string(font, Vector2(x, size.y - 6), text, HORIZONTAL_ALIGNMENT_LEFT, -1, size_of_text, COLOURS[at])
		x += font.get_string_size(text, HORIZONTAL_ALIGNMENT_LEFT, -1, size_of_text).x + 14


func draw_curve(curve: PackedFloat32Array, top: float, colour: Color) -> void:
	if curve.size() < 2:
		return
	var points := PackedVector2Array()
	var left := size.x - size.x * (curve.size() - 1) / (SAMPLES - 1.0)
	for at in curve.size():
		var x := left + size.x * at / (SAMPLES - 1.0)
		points.append(Vector2(x, size.y - 2 - (size.y - 4) * clampf(curve[at] / top, 0, 1)))
	draw_polyline(points, colour, 1.5, true)
