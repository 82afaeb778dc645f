# The same after some frames.
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()

func _initialize() -> void:
	for net in [NetworkingSockets, context]:
		Quitting.fill(net, t)
		Quitting.listen(net, self)
	for frame in 10:
		await process_frame
	t.finish(self)
