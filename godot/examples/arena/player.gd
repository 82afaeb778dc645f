# One player. The server moves it by what its owner asks for; the synchronizer carries the outcome to everybody.
class_name Player
extends Node2D

const SPEED := 210.0
const DASH_SPEED := 620.0
const DASH_SECONDS := 0.18
const DASH_PAUSE := 1.2
const RADIUS := 16.0
# How fast a drawn player catches up with where it is, per second.
const FOLLOW := 14.0

# Synchronised.
@export var at := Vector2.ZERO
@export var facing := Vector2.RIGHT
@export var score := 0
@export var hue := 0.0

# What the owner wants, as the server heard last.
var wanted := Vector2.ZERO
var dash_left := 0.0
var dash_pause := 0.0


# The peer that owns it; its name is that number.
func owner_id() -> int:
	return name.to_int()


func is_mine() -> bool:
	return owner_id() == multiplayer.get_unique_id()


func _ready() -> void:
	position = at


# Server: moves for one tick, inside the field.
func step(seconds: float, field: Rect2) -> void:
	dash_left = maxf(dash_left - seconds, 0.0)
	dash_pause = maxf(dash_pause - seconds, 0.0)
	var speed := DASH_SPEED if dash_left > 0.0 else SPEED
	at = (at + wanted * speed * seconds).clamp(field.position, field.end)
	if wanted != Vector2.ZERO:
		facing = wanted


# Owner to server: which way. Late ones are worthless, so they are not repeated.
@rpc("any_peer", "call_remote", "unreliable_ordered", 1)
func steer(direction: Vector2) -> void:
	if multiplayer.get_remote_sender_id() == owner_id() and direction.is_finite():
		wanted = direction.limit_length()


# Owner to server: a dash. It must arrive.
@rpc("any_peer", "call_remote", "reliable")
func dash() -> void:
	if multiplayer.get_remote_sender_id() != owner_id() or dash_pause > 0.0:
		return
	dash_left = DASH_SECONDS
	dash_pause = DASH_PAUSE


func _process(delta: float) -> void:
	position = position.lerp(at, 1.0 - exp(-FOLLOW * delta))
	queue_redraw()


func _draw() -> void:
	var colour := Color.from_hsv(hue, 0.65, 0.95)
	draw_circle(Vector2.ZERO, RADIUS, colour)
	draw_arc(Vector2.ZERO, RADIUS, 0.0, TAU, 32, colour.lightened(0.5) if is_mine() else colour.darkened(0.4), 3.0, true)
	draw_circle(facing * RADIUS * 0.55, 4.5, Color(0.05, 0.05, 0.08))
	var font := ThemeDB.fallback_font
	draw_string(font, Vector2(-30, -RADIUS - 6), str(score), HORIZONTAL_ALIGNMENT_CENTER, 60, 14, colour.lightened(0.6))
