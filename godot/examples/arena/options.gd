# What the command line asks for, behind `--`: --server --clients=8 --seconds=60.
class_name Options
extends RefCounted

const DEFAULT_PORT := 27100

var server := false
# Address of the server to join; empty without one.
var join := ""
var port := DEFAULT_PORT
# How many clients the server waits for before the match begins, and how long that lasts.
var clients := 1
var seconds := 60.0
var bot := false
# How long the states may take to agree at the end, in seconds.
var patience := 15.0
# The simulated network of this process: milliseconds and percent, for everything it sends.
var lag := 0.0
var loss := 0.0
# For the test of the test: this process falsifies one score at the end.
var alter := false
# Where to put a picture of the window, half a match after all clients have come.
var picture := ""


static func read() -> Options:
	var options := Options.new()
	for word: String in OS.get_cmdline_user_args():
		var parts := word.trim_prefix("--").split("=", true, 1)
		options.take(parts[0], parts[1] if parts.size() > 1 else "")
	return options


func take(option: String, value: String) -> void:
	match option:
		"server": server = true
		"join": join = value if value else "127.0.0.1"
		"port": port = value.to_int()
		"clients": clients = value.to_int()
		"seconds": seconds = value.to_float()
		"bot": bot = true
		"patience": patience = value.to_float()
		"lag": lag = value.to_float()
		"loss": loss = value.to_float()
		"alter": alter = true
		"picture": picture = value
		_: push_warning("unknown option --%s" % option)


# Whether a match starts at once, without the menu.
func automatic() -> bool:
	return server or join != ""
