# Something to collect. The server places it; the spawner carries it to everybody.
class_name Gem
extends Node2D

const RADIUS := 9.0

@export var at := Vector2.ZERO:
	set(value):
		at = value
		position = value
@export var worth := 1


func _draw() -> void:
	var points := PackedVector2Array()
	for corner in 6:
		points.append(Vector2.from_angle(TAU * corner / 6.0) * (RADIUS + 2.0 * worth))
	draw_colored_polygon(points, Color.from_hsv(0.13 * worth, 0.75, 1.0))
	draw_polyline(points + PackedVector2Array([points[0]]), Color(1, 1, 1, 0.6), 1.5, true)
