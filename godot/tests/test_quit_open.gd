# Quitting with everything open, unread and listened to.
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()

func _initialize() -> void:
	for net in [NetworkingSockets, context]:
		Quitting.fill(net, t)
		Quitting.listen(net, RefCounted.new())
		Quitting.listen(net, net)
	t.finish(self)
