# Another process for test_peer_kill.gd: `server PORT` or `client PORT`, until it is killed.
extends SceneTree

var peer := NetworkingSocketsMultiplayerPeer.new()

func _initialize() -> void:
	var words := OS.get_cmdline_user_args()
	if words[0] == "server":
		peer.create_server(int(words[1]), 4, "127.0.0.1")
	else:
		peer.create_client("127.0.0.1", int(words[1]))

func _process(_delta: float) -> bool:
	peer.poll()
	# Whoever is forgotten ends by itself.
	return Time.get_ticks_msec() > 40000
