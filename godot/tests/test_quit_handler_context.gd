# Quitting inside a handler of a context, which a script called, and which lets go of the context too.
# names: NetworkingSockets
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()

func _initialize() -> void:
	Quitting.fill(context, t)
	context.network_connection_status_changed.connect(func(_h: int, _f: Dictionary, _o: int) -> void:
		if context != null:
			context = null
			t.finish(self))
	context.run_callbacks()
