# Quitting a main loop that has no scene tree.
# names: NetworkingSockets
extends MainLoop

const Quitting := preload("res://quitting.gd")

var t := preload("res://harness.gd").new()
var context := NetworkingSocketsContext.new()
var frames := 0

func _initialize() -> void:
	for net in [NetworkingSockets, context]:
		Quitting.fill(net, t)
		Quitting.listen(net, RefCounted.new())

func _process(_delta: float) -> bool:
	frames += 1
	if frames < 5:
		return false
	for net in [NetworkingSockets, context]:
		net.run_callbacks()
	t.check(true, "frames went by")
	t.errors()
	OS.remove_logger(t.ear)
	print("RESULT fails=%d checks=%d errors=%d" % [t.fails, t.checks, t.heard])
	return true
