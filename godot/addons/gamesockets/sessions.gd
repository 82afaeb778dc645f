# One panel for each running game.
@tool
extends EditorDebuggerPlugin

const SocketsPanel := preload("panel.gd")
const CAPTURE := "gamesockets"

var panels: Dictionary = {}


func _setup_session(session_id: int) -> void:
	var session := get_session(session_id)
	var panel := SocketsPanel.new()
	panel.name = "Networking sockets"
	panel.wanted.connect(func(message: String, data: Array) -> void:
		if session.is_active():
			session.send_message("%s:%s" % [CAPTURE, message], data))
	session.stopped.connect(panel.end)
	session.add_session_tab(panel)
	panels[session_id] = panel


func _has_capture(capture: String) -> bool:
	return capture == CAPTURE


func _capture(message: String, data: Array, session_id: int) -> bool:
	var panel: SocketsPanel = panels.get(session_id)
	if panel == null:
		return false
	match message.trim_prefix(CAPTURE + ":"):
		"here":
			panel.begin()
		"contexts" when data.size() == 1 and data[0] is Array:
			panel.show_contexts(data[0])
		_:
			return false
	return true
