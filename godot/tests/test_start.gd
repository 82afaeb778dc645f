# The extension is there and answers.
extends SceneTree

var t := preload("res://harness.gd").new()

func _initialize() -> void:
	t.same(NetworkingSockets.getIdentity(), "ip:::1", "a process without an identity is localhost")
	t.finish(self)
