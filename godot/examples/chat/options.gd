# What the command line asks for, behind `--`: --host --port=27200 --name=ann.
class_name Options
extends RefCounted

const DEFAULT_PORT := 27200

var host := false
var join := ""
var port := DEFAULT_PORT
var name := "somebody"
# Without a person: how many members to wait for, and how many lines each of them says.
var members := 0
var lines := 3
var tour := false


static func read() -> Options:
	var options := Options.new()
	for word: String in OS.get_cmdline_user_args():
		var parts := word.trim_prefix("--").split("=", true, 1)
		options.take(parts[0], parts[1] if parts.size() > 1 else "")
	return options


func take(option: String, value: String) -> void:
	match option:
		"host": host = true
		"join": join = value if value else "127.0.0.1"
		"port": port = value.to_int()
		"name": name = value
		"members": members = value.to_int()
		"lines": lines = value.to_int()
		"tour": tour = true
		_: push_warning("unknown option --%s" % option)
