# The same without callbacks by themselves; nothing was ever told.
# setting: gamesockets/automatic_callbacks=false
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()

func _initialize() -> void:
	for net in [NetworkingSockets, context]:
		Quitting.fill(net, t)
		Quitting.listen(net, RefCounted.new())
	await process_frame
	t.finish(self)
