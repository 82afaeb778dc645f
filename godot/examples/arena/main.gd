# Server or client of a match, or the menu that asks which.
#
# A match: the server waits for its clients, plays, freezes the world, and asks everybody for the state. All must agree.
extends Node

const CLIENTS_MAX := 32
const WAIT_SECONDS := 60.0
# How much longer than that the server waits for what clients have to say.
const GRACE_SECONDS := 5.0
const ASK_EVERY := 0.25

var options := Options.read()
var bot := Bot.new()
var monitor := NetworkingSocketsMonitor.new()
# Server: what clients said about the end.
var verdicts: Dictionary[int, bool] = {}
var met := 0
# Client: when to give up, milliseconds; 0 while the match lasts.
var give_up_at := 0

@onready var world: World = $World
@onready var hud: Hud = $Hud


func _ready() -> void:
	hud.monitor = monitor
	hud.host_wanted.connect(host)
	hud.join_wanted.connect(join)
	hud.simulate(options.lag, options.loss)
	multiplayer.peer_connected.connect(_on_peer_connected)
	multiplayer.peer_disconnected.connect(_on_peer_disconnected)
	multiplayer.connected_to_server.connect(func() -> void: hud.say("connected"))
	multiplayer.connection_failed.connect(_on_lost.bind("nobody answers"))
	multiplayer.server_disconnected.connect(_on_lost.bind("the server is gone"))
	if options.server:
		host(options.port)
		play_match()
	elif options.join:
		join(options.join, options.port)
	if options.picture:
		picture_later(options.seconds / 2.0)


func host(port: int) -> void:
	# The line that makes it ours: with another library it reads ENetMultiplayerPeer.new().
	var peer := NetworkingSocketsMultiplayerPeer.new()
	var error := peer.create_server(port, CLIENTS_MAX)
	if error:
		return fail("cannot listen on port %d: %s" % [port, error_string(error)])
	multiplayer.multiplayer_peer = peer
	hud.begin("server, port %d" % port)
	if not options.automatic():
		world.add_player(1)


func join(address: String, port: int) -> void:
	var peer := NetworkingSocketsMultiplayerPeer.new()
	var error := peer.create_client(address, port)
	if error:
		return fail("cannot connect to %s, port %d: %s" % [address, port, error_string(error)])
	multiplayer.multiplayer_peer = peer
	hud.begin("client of %s, port %d" % [address, port])


func fail(why: String) -> void:
	hud.say(why)
	if options.automatic():
		printerr("arena: ", why)
		get_tree().quit(1)


func _on_peer_connected(peer: int) -> void:
	if multiplayer.is_server():
		met += 1
		world.add_player(peer)


func _on_peer_disconnected(peer: int) -> void:
	if multiplayer.is_server():
		world.remove_player(peer)


func _on_lost(why: String) -> void:
	# After the match that is how it ends.
	if not world.frozen:
		fail(why)


func _physics_process(delta: float) -> void:
	if multiplayer.multiplayer_peer is OfflineMultiplayerPeer or world.frozen:
		return
	var me := world.player_of(multiplayer.get_unique_id())
	if me == null:
		return
	var direction := bot.direction(me, world, delta) if options.bot else hud.direction()
	var dash := bot.wants_dash() if options.bot else Input.is_action_just_pressed("ui_accept")
	if multiplayer.is_server():
		me.wanted = direction
		return
	me.steer.rpc_id(1, direction)
	if dash:
		me.dash.rpc_id(1)


# Server: a whole match, by itself.
func play_match() -> void:
	if not await within(WAIT_SECONDS, func() -> bool: return met >= options.clients):
		return fail("%d of %d clients came" % [met, options.clients])
	print("arena: %d clients, %d s" % [met, int(options.seconds)])
	await get_tree().create_timer(options.seconds).timeout
	if multiplayer.get_peers().size() < options.clients:
		return fail("%d of %d clients stayed" % [multiplayer.get_peers().size(), options.clients])
	freeze.rpc()
	var said := await within(options.patience + GRACE_SECONDS, _everybody_said)
	var agree := verdicts.values().count(true)
	report(said and agree == options.clients, "agree=%d of=%d" % [agree, options.clients])
	over.rpc()
	# So that the last call leaves before the process does.
	await get_tree().create_timer(1.0).timeout
	get_tree().quit(0 if agree == options.clients else 1)


func _everybody_said() -> bool:
	return verdicts.size() >= options.clients


# Whether something became true in time.
func within(seconds: float, what: Callable) -> bool:
	var end := Time.get_ticks_msec() + int(seconds * 1000.0)
	while not what.call():
		if Time.get_ticks_msec() > end:
			return false
		if multiplayer.is_server() and world.frozen:
			compare.rpc(State.hash_of(world.state()))
		await get_tree().create_timer(ASK_EVERY).timeout
	return true


# Nothing moves from now on; what is under way still arrives.
@rpc("authority", "call_local", "reliable")
func freeze() -> void:
	world.frozen = true
	hud.say("time is up")
	if multiplayer.is_server():
		return
	if options.alter:
		world.scores[multiplayer.get_unique_id()] = -1
	give_up_at = Time.get_ticks_msec() + int(options.patience * 1000.0)


func _process(_delta: float) -> void:
	if give_up_at > 0 and Time.get_ticks_msec() > give_up_at and not verdicts.has(1):
		settle(false)


# Server to clients: the state as it must be. It may overtake the end of the match.
@rpc("authority", "call_remote", "unreliable")
func compare(wanted: String) -> void:
	if world.frozen and not verdicts.has(1) and State.hash_of(world.state()) == wanted:
		settle(true)


# Client: the outcome, told once.
func settle(good: bool) -> void:
	verdicts[1] = good
	report(good, "peer=%d" % multiplayer.get_unique_id())
	settled.rpc_id(1, good)


@rpc("any_peer", "call_remote", "reliable")
func settled(good: bool) -> void:
	verdicts[multiplayer.get_remote_sender_id()] = good


# Server to clients: everybody has spoken.
@rpc("authority", "call_remote", "reliable")
func over() -> void:
	get_tree().quit(0 if verdicts.get(1, false) else 1)


# The line by which the test compares processes.
func report(good: bool, who: String) -> void:
	var state := world.state()
	print("STATE %s %s values=%d points=%d" % [State.hash_of(state), who, state.size(), points()])
	if not good:
		print("DIFFERS ", state)


func points() -> int:
	return world.scores.values().reduce(func(sum: int, one: int) -> int: return sum + one, 0)


func picture_later(seconds: float) -> void:
	while world.players.get_child_count() < options.clients:
		await get_tree().create_timer(ASK_EVERY).timeout
	await get_tree().create_timer(seconds).timeout
	await RenderingServer.frame_post_draw
	get_viewport().get_texture().get_image().save_png(options.picture)
