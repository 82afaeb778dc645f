# Quitting right after threads ended that called, listened and left things open.
extends SceneTree

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()
var mutex := Mutex.new()

func _initialize() -> void:
	var thread := Thread.new()
	thread.start(work)
	var task := WorkerThreadPool.add_task(work)
	WorkerThreadPool.wait_for_task_completion(task)
	thread.wait_to_finish()
	t.finish(self)

func work() -> void:
	mutex.lock()
	for net in [NetworkingSockets, context, NetworkingSocketsContext.new()]:
		Quitting.fill(net, t)
		Quitting.listen(net, RefCounted.new())
		net.run_callbacks()
	mutex.unlock()
