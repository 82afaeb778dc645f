# Quitting while contexts are held where they outlive the scene: in a static variable, in a node like an autoload, in
# the engine's own data, in a cycle of references.
# names: NetworkingSockets
extends SceneTree

const Quitting := preload("res://quitting.gd")

static var kept := NetworkingSocketsContext.new()

var t := preload("res://harness.gd").new()

class Autoload extends Node:
	var net := NetworkingSocketsContext.new()
	var heard := 0
	func _ready() -> void:
		net.network_connection_status_changed.connect(hear)
	func hear(_handle: int, _facts: Dictionary, _old: int) -> void:
		heard += 1
	func _exit_tree() -> void:
		# Too late for everybody else.
		net.getIdentity()
		net.network_connection_status_changed.connect(func(_h: int, _f: Dictionary, _o: int) -> void: heard += 1)
		NetworkingSockets.network_connection_status_changed.connect(func(_h: int, _f: Dictionary, _o: int) -> void: heard += 1)
	func _notification(what: int) -> void:
		if what == NOTIFICATION_PREDELETE:
			net.createPollGroup()
			NetworkingSockets.createPollGroup()

func _initialize() -> void:
	run()

func run() -> void:
	var node := Autoload.new()
	root.add_child(node)
	var of_engine := NetworkingSocketsContext.new()
	Engine.set_meta("context", of_engine)
	for net in [kept, node.net, of_engine, NetworkingSockets]:
		Quitting.fill(net, t)
	Quitting.listen(kept, RefCounted.new())
	Quitting.listen(of_engine, node)
	# Each keeps the other.
	var one := NetworkingSocketsContext.new()
	var other := NetworkingSocketsContext.new()
	Quitting.fill(one, t)
	Quitting.listen(one, other)
	Quitting.listen(other, one)
	await process_frame
	await process_frame
	t.check(node.heard > 0, "told")
	t.finish(self)
