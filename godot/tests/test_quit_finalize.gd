# Calls and lambdas when the scene is gone already: in the main loop's last function.
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()

func _initialize() -> void:
	t.check(true, "nothing is open yet")
	t.finish(self)

func _finalize() -> void:
	for net in [NetworkingSockets, context]:
		Quitting.fill(net, t)
		Quitting.listen(net, RefCounted.new())
		net.run_callbacks()
