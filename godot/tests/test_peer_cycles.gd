# Connecting and disconnecting 200 times leaves nothing: no object, context, connection, thread or memory.
# names: NetworkingSockets
extends SceneTree

const CYCLES := 200
# From here on nothing more may be needed.
const WARM := 50
# The engine has an object of its own now and then. One for every tenth cycle would be 15.
const OBJECTS := 5
# Godot counts every byte of its own in a debug build; of the whole process the system knows pages, which allocators keep.
const GODOT_BYTES := 64 * 1024
const PROCESS_BYTES := 1024 * 1024

var t := preload("res://harness.gd").new()
var kit := preload("res://peer_kit.gd").new(t, self)
var monitor := NetworkingSocketsMonitor.new()

func _initialize() -> void:
	run()

func run() -> void:
	await process_frame
	var threads := number_of("/proc/self/status", "Threads:")
	# All at the same port: the one before is done with it.
	kit.server().close()
	var before := {}
	for n in CYCLES + 1:
		if n == WARM or n == CYCLES:
			await settle(threads)
			var now := {"objects": int(Performance.get_monitor(Performance.OBJECT_COUNT)), "nodes": int(Performance.get_monitor(Performance.OBJECT_NODE_COUNT)),
				"godot": OS.get_static_memory_usage(), "process": pages() * 4096}
			if n == WARM:
				before = now
			else:
				t.check(now.objects - before.objects < OBJECTS, "objects: %d, then %d" % [before.objects, now.objects])
				t.same(now.nodes, before.nodes, "nodes")
				t.check(now.godot - before.godot < GODOT_BYTES, "memory of Godot grew by %d bytes" % (now.godot - before.godot))
				t.check(now.process - before.process < PROCESS_BYTES, "memory of the process grew by %d bytes" % (now.process - before.process))
				print("from cycle %d to %d: Godot %d bytes, process %d bytes" % [WARM, CYCLES, now.godot - before.godot, now.process - before.process])
		if n < CYCLES and n % 10 == 0:
			await in_trees(n)
		elif n < CYCLES:
			alone(n)
	t.no_error("cycles")
	t.finish(self)

# Once there and back, with a packet each way, closing inside a handler of peer_connected where the number is odd.
func alone(n: int) -> void:
	var server := NetworkingSocketsMultiplayerPeer.new()
	if not t.check(server.create_server(kit.port, 4, "127.0.0.1") == OK, "cycle %d: the port is free" % n):
		return
	var client := NetworkingSocketsMultiplayerPeer.new()
	client.create_client("127.0.0.1", kit.port)
	var met := [0, 0]
	var close := func(_id: int) -> void:
		met[0] += 1
		if n % 2 == 1:
			client.close()
		else:
			client.set_target_peer(1)
			client.put_packet(PackedByteArray([n]))
	client.peer_connected.connect(close)
	server.peer_disconnected.connect(func(_id: int) -> void: met[1] += 1)
	var begin := Time.get_ticks_msec()
	while met[1] == 0 and Time.get_ticks_msec() - begin < 5000:
		server.poll()
		client.poll()
		while server.get_available_packet_count() > 0:
			t.same(server.get_packet(), PackedByteArray([n]), "cycle %d: the packet" % n)
			client.close()
		OS.delay_usec(200)
	t.same(met, [1, 1], "cycle %d: connected and disconnected once" % n)
	# It holds the client, which holds it.
	client.peer_connected.disconnect(close)
	server.close()

# The same with trees, calls and nobody who closes: references go, that is all.
func in_trees(n: int) -> void:
	var s: Node = kit.branch("S")
	var a: Node = kit.branch("A")
	kit.port -= 1
	s.api.multiplayer_peer = kit.server()
	a.api.multiplayer_peer = kit.client()
	await kit.wait(func() -> bool: return a.api.get_peers().size() == 1 and s.api.get_peers().size() == 1, "cycle %d: met" % n)
	a.talker.say.rpc("hello")
	await kit.wait(func() -> bool: return s.talker.heard.size() == 1, "cycle %d: called" % n)
	s.end(self)
	a.end(self)
	await process_frame

# Until what goes on in the background is over.
func settle(threads: int) -> void:
	await kit.wait(func() -> bool: return monitor.contexts().is_empty(), "no context is left")
	await kit.wait(func() -> bool: return number_of("/proc/self/status", "Threads:") == threads, "no thread is left")
	await kit.frames(10)

func pages() -> int:
	var file := FileAccess.open("/proc/self/statm", FileAccess.READ)
	return int(file.get_line().split(" ")[1]) if file else 0

# A number in a file of the system, where it has such files.
func number_of(path: String, begin: String) -> int:
	var file := FileAccess.open(path, FileAccess.READ)
	while file and not file.eof_reached():
		var line := file.get_line()
		if line.begins_with(begin):
			return int(line.trim_prefix(begin).strip_edges())
	return 0
