# Another process for test_peer_kill.gd: `server PORT` or `client PORT`, until it is killed, or `leaver PORT`, a server
# that says farewell when a client says something, closes and quits at once.
extends SceneTree

var leaves := false
var peer := NetworkingSocketsMultiplayerPeer.new()

func _initialize() -> void:
	var words := OS.get_cmdline_user_args()
	if words[0] == "server":
		peer.create_server(int(words[1]), 4, "127.0.0.1")
	elif words[0] == "leaver":
		peer.create_server(int(words[1]), 4, "127.0.0.1")
		leaves = true
	else:
		peer.create_client("127.0.0.1", int(words[1]))

func _process(_delta: float) -> bool:
	peer.poll()
	if leaves and peer.get_available_packet_count() > 0:
		peer.set_target_peer(peer.get_packet_peer())
		peer.put_packet(PackedByteArray([7]))
		peer.close()
		return true
	# Whoever is forgotten ends by itself.
	return Time.get_ticks_msec() > 40000
