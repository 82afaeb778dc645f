# Starts every block of the pages as a script of its own, and lets all of them run a while.
extends SceneTree

const RUN_SECONDS := 3.0

var started := 0
var fails := 0


func _initialize() -> void:
	for file in DirAccess.get_files_at("res://"):
		if file.begins_with("block_") and file.ends_with(".gd"):
			start("res://" + file)
	create_timer(RUN_SECONDS).timeout.connect(finish)


func start(path: String) -> void:
	started += 1
	var script: GDScript = load(path)
	if script == null or not script.can_instantiate():
		fails += 1
		print("FAIL ", path)
		return
	var object: Object = script.new()
	if object is Node:
		root.add_child(object)


func finish() -> void:
	for child in root.get_children():
		child.queue_free()
	await process_frame
	print("RESULT fails=%d checks=%d" % [fails, started])
	quit(fails)
