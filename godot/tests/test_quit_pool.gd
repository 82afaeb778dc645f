# Quitting while the engine's own threads still call.
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()

func _initialize() -> void:
	for n in 4:
		t.check(WorkerThreadPool.add_task(Quitting.call_for_a_while, n % 2 == 0) != -1, "a task")
	await process_frame
	t.finish(self)
