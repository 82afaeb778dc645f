# Plays for its owner: runs to the nearest gem, dashes now and then, sometimes changes its mind.
class_name Bot
extends RefCounted

var random := RandomNumberGenerator.new()
var whim := Vector2.ZERO
var whim_left := 0.0


func direction(me: Player, world: World, seconds: float) -> Vector2:
	whim_left -= seconds
	if whim_left < -1.5:
		whim_left = random.randf_range(0.1, 0.5)
		whim = Vector2.from_angle(random.randf() * TAU)
	if whim_left > 0.0:
		return whim
	var nearest := Vector2.INF
	for gem: Gem in world.gems.get_children():
		if me.at.distance_squared_to(gem.at) < me.at.distance_squared_to(nearest):
			nearest = gem.at
	return me.at.direction_to(nearest) if nearest.is_finite() else Vector2.ZERO


func wants_dash() -> bool:
	return random.randf() < 0.02
