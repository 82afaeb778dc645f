# In the running game: tells the editor's panel what connections there are, while it asks for it.
#
# Without a debugger it does nothing.
extends Node

const CAPTURE := "gamesockets"
const EVERY_SECONDS := 0.25

var monitor := NetworkingSocketsMonitor.new()
var left := 0.0
var wanted := false


func _ready() -> void:
	process_mode = Node.PROCESS_MODE_ALWAYS
	set_process(EngineDebugger.is_active())
	if EngineDebugger.is_active():
		EngineDebugger.register_message_capture(CAPTURE, _on_message)
		# The editor cannot know when somebody listens here.
		EngineDebugger.send_message("%s:here" % CAPTURE, [])


func _exit_tree() -> void:
	if EngineDebugger.has_capture(CAPTURE):
		EngineDebugger.unregister_message_capture(CAPTURE)


func _process(delta: float) -> void:
	left -= delta
	if wanted and left <= 0.0:
		left = EVERY_SECONDS
		EngineDebugger.send_message("%s:contexts" % CAPTURE, [monitor.contexts()])


func _on_message(message: String, data: Array) -> bool:
	match message:
		"watch" when data.size() == 1:
			wanted = data[0]
		"simulate" when data.size() == 3:
			monitor.simulate(data[0], data[1], data[2])
		_:
			return false
	return true
