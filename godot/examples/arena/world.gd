# The field, and its rules. They run on the server alone; everybody else sees what spawners, synchronizers and RPCs bring.
class_name World
extends Node2D

const FIELD := Rect2(0, 0, 832, 648)
const MARGIN := 24.0
const GEMS := 12
const REACH := Player.RADIUS + Gem.RADIUS

# Points per peer, counted by each process from the RPCs that tell of them.
var scores: Dictionary[int, int] = {}
var frozen := false
var sparks: Array[Dictionary] = []
var random := RandomNumberGenerator.new()
var gems_made := 0

@onready var players: Node2D = $Players
@onready var gems: Node2D = $Gems


# Server: a player for a peer that came.
func add_player(peer: int) -> void:
	for id: int in scores:
		scored.rpc_id(peer, id, scores[id], Vector2.ZERO)
	var player: Player = preload("res://player.tscn").instantiate()
	player.name = str(peer)
	player.at = somewhere()
	player.hue = fmod(0.61803 * players.get_child_count(), 1.0)
	players.add_child(player, true)


func remove_player(peer: int) -> void:
	var player := player_of(peer)
	if player:
		player.queue_free()


func player_of(peer: int) -> Player:
	return players.get_node_or_null(str(peer)) as Player


func somewhere() -> Vector2:
	var inside := FIELD.grow(-MARGIN)
	return inside.position + Vector2(random.randf(), random.randf()) * inside.size


func _physics_process(delta: float) -> void:
	if not frozen and multiplayer.has_multiplayer_peer() and multiplayer.is_server():
		step(delta)


# Server: one tick.
func step(seconds: float) -> void:
	while gems.get_child_count() < GEMS:
		add_gem()
	for player: Player in players.get_children():
		player.step(seconds, FIELD.grow(-Player.RADIUS))
		for gem: Gem in gems.get_children():
			if not gem.is_queued_for_deletion() and player.at.distance_to(gem.at) < REACH:
				take(player, gem)


func add_gem() -> void:
	var gem: Gem = preload("res://gem.tscn").instantiate()
	gems_made += 1
	gem.name = "gem%d" % gems_made
	gem.at = somewhere()
	gem.worth = random.randi_range(1, 3)
	gems.add_child(gem, true)


func take(player: Player, gem: Gem) -> void:
	player.score += gem.worth
	scored.rpc(player.owner_id(), gem.worth, gem.at)
	sparkle.rpc(gem.at, gem.worth)
	# Freed at the end of the frame; until then it is off the field.
	gem.queue_free()


# Everybody counts for themselves: a lost or repeated call would show in the end.
@rpc("authority", "call_local", "reliable")
func scored(peer: int, points: int, _where: Vector2) -> void:
	scores[peer] = scores.get(peer, 0) + points


# Only to be seen, so it may be lost.
@rpc("authority", "call_local", "unreliable", 2)
func sparkle(where: Vector2, worth: int) -> void:
	sparks.append({where = where, worth = worth, age = 0.0})


func _process(delta: float) -> void:
	for spark: Dictionary in sparks:
		spark.age += delta
	sparks = sparks.filter(func(spark: Dictionary) -> bool: return spark.age < 0.5)
	queue_redraw()


func _draw() -> void:
	draw_rect(FIELD, Color(0.11, 0.12, 0.17))
	for x in range(0, int(FIELD.size.x), 52):
		draw_line(Vector2(x, 0), Vector2(x, FIELD.end.y), Color(1, 1, 1, 0.04))
	for y in range(0, int(FIELD.size.y), 54):
		draw_line(Vector2(0, y), Vector2(FIELD.end.x, y), Color(1, 1, 1, 0.04))
	for spark: Dictionary in sparks:
		var age: float = spark.age
		draw_arc(spark.where, 8 + 70 * age, 0, TAU, 32, Color(1, 0.9, 0.5, 0.8 - 1.6 * age), 2.0, true)
	draw_rect(FIELD, Color(0.35, 0.4, 0.55), false, 3.0)


func state() -> Array:
	return State.collect(self, scores)
