# Quitting inside a handler, which the engine's frame called; other handlers and events wait.
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()
var done := false

func _initialize() -> void:
	NetworkingSockets.network_connection_status_changed.connect(quit_once)
	for net in [NetworkingSockets, context]:
		Quitting.fill(net, t)
		Quitting.listen(net, RefCounted.new())

func quit_once(_handle: int, _facts: Dictionary, _old: int) -> void:
	if not done:
		done = true
		t.finish(self)
