# Puts the panel beside the debugger, and the probe that feeds it into the running game.
@tool
extends EditorPlugin

const PROBE := "GamesocketsProbe"
const Sessions := preload("sessions.gd")

var sessions := Sessions.new()


func _enter_tree() -> void:
	add_debugger_plugin(sessions)


func _exit_tree() -> void:
	remove_debugger_plugin(sessions)


func _enable_plugin() -> void:
	add_autoload_singleton(PROBE, "probe.gd")


func _disable_plugin() -> void:
	remove_autoload_singleton(PROBE)
