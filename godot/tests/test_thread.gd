# Every function from other threads, several at once, on the singleton and on contexts, while messages are under way and
# the main thread runs callbacks.
# limit: 90
extends SceneTree

const THREADS := 4
const RELIABLE := 8
const ROUNDS := 150

var t := preload("res://harness.gd").new()
var plan := preload("res://hostile_plan.gd").new()
var mutex := Mutex.new()
var told: Array = []

func _initialize() -> void:
	run()

func run() -> void:
	for net in [NetworkingSockets, NetworkingSocketsContext.new()]:
		await every_function(net)
		await messages_under_way(net)
		await callbacks_everywhere(net)
		await pool(net)
		await upheaval(net)
	await contexts_come_and_go()
	t.finish(self)

# Runs one callable in several threads, with its number, while frames go by. Their results.
func in_threads(work: Callable) -> Array:
	var threads: Array[Thread] = []
	for n in THREADS:
		var thread := Thread.new()
		t.check(thread.start(work.bind(n)) == OK, "a thread starts")
		threads.append(thread)
	while threads.any(func(thread: Thread) -> bool: return thread.is_alive()):
		await process_frame
	return threads.map(func(thread: Thread) -> Variant: return thread.wait_to_finish())

# Good calls and bad ones. What a thread is given is its own, what it calls is everybody's.
func every_function(net: Object) -> void:
	await process_frame
	t.errors()
	var results: Array = await in_threads(calls.bind(net))
	var lines := t.errors()
	var wanted := {}
	for result in results:
		for function in result:
			wanted[function] = wanted.get(function, 0) + result[function]
	var got := {}
	for line in lines:
		var function := line.get_slice(": ", 0)
		got[function] = got.get(function, 0) + 1
	t.same(got, wanted, "as many lines for each function as bad calls")
	t.check(wanted.size() > 70, "%d functions with bad calls" % wanted.size())
	t.same(net.getIdentities().map(func(entry): return entry.reference_name), ["fake_ip_identity"], "names were cleared")

# How many lines each function owes.
func calls(n: int, net: Object) -> Dictionary:
	var me := "me %d" % n
	var here := "here %d" % n
	net.setGenericString(me, me)
	net.parseIPAddressString(here, "127.0.0.1:9")
	var pair: Dictionary = net.createSocketPair(n % 2 == 0, "", "")
	var group: int = net.createPollGroup()
	var listener := 0
	var tries := 0
	while listener == 0:
		tries += 1
		listener = net.createListenSocketIP("127.0.0.1:%d" % (20000 + randi() % 40000), [])
	var owed := {}
	if tries > 1:
		owed["createListenSocketIP"] = tries - 1
	for function in plan.functions:
		var kinds: Array = plan.functions[function][1]
		var special: Dictionary = plan.functions[function][2]
		var args := []
		for kind in kinds:
			match kind[0]:
				"connection":
					args.append(pair.connection1)
				"group":
					args.append(group)
				"listener":
					args.append(listener)
				"identity":
					args.append(me)
				"address":
					args.append(here)
				"new name":
					args.append("new %d" % n)
				_:
					args.append("127.0.0.1:%d" % (20000 + randi() % 40000) if kind[1] is String and kind[1] == "free" else kind[1])
		# What breaks something is called at the end, with what is the thread's own.
		var got: Variant = null if special.has("breaks") else net.callv(function, args)
		var refused: bool = special.has("refused") or function == "createListenSocketIP" and got == 0
		if refused:
			owed[function] = owed.get(function, 0) + 1
		elif special.has("makes"):
			for handle in [got.connection1, got.connection2] if got is Dictionary else [got]:
				net.callv(special.makes, [handle, 0, "", false] if special.makes == "closeConnection" else [handle])
		for at in args.size():
			var bad := args.duplicate()
			bad[at] = Vector3()
			net.callv(function, bad)
			owed[function] = owed.get(function, 0) + 1
	for handle in [pair.connection1, pair.connection2]:
		net.closeConnection(handle, 0, "bye", false)
	net.closeListenSocket(listener)
	net.destroyPollGroup(group)
	for name in [me, "new %d" % n]:
		net.clearIdentity(name)
	for name in [here, "new %d" % n]:
		net.clearIPAddress(name)
	return owed

# Threads talk to themselves and to each other's ends, join and leave one group, while the main thread reads along.
func messages_under_way(net: Object) -> void:
	var group: int = net.createPollGroup()
	var shared: Dictionary = net.createSocketPair(false, "str:one", "str:other")
	net.setConnectionPollGroup(shared.connection2, group)
	var results: Array = await in_threads(talk.bind(net, group, shared))
	var read: Array = []
	for result in results:
		t.same(result.own, ROUNDS, "a thread's own messages")
		read += result.shared
	read += net.receiveMessagesOnPollGroup(group, 65536).map(func(message): return message.message_number)
	read.sort()
	t.same(read, range(1, THREADS * ROUNDS + 1), "each message of the shared connection is read once")
	for handle in [shared.connection1, shared.connection2]:
		net.closeConnection(handle, 0, "", false)
	net.destroyPollGroup(group)
	t.no_error("messages")

func talk(n: int, net: Object, group: int, shared: Dictionary) -> Dictionary:
	var own := 0
	var read := []
	for round in ROUNDS:
		var pair: Dictionary = net.createSocketPair(false, "", "")
		net.setConnectionUserData(pair.connection2, n)
		net.setConnectionPollGroup(pair.connection2, group)
		net.sendMessageToConnection(shared.connection1, PackedByteArray([n]), RELIABLE)
		net.setConnectionPollGroup(pair.connection2, 0)
		net.sendMessageToConnection(pair.connection1, PackedByteArray([n]), RELIABLE)
		own += net.receiveMessagesOnConnection(pair.connection2, 5).filter(func(message): return message.user_data == n).size()
		read += net.receiveMessagesOnPollGroup(group, 2).map(func(message): return message.message_number)
		net.getConnectionInfo(shared.connection1)
		net.GetConnectionRealTimeStatus(shared.connection1)
		net.closeConnection(pair.connection1, 0, "", false)
		net.closeConnection(pair.connection2, 0, "", false)
		if n == 0:
			net.run_callbacks()
	return {"own": own, "shared": read}

# Every thread makes events and tells of them: each event is told once, whoever tells it.
func callbacks_everywhere(net: Object) -> void:
	net.run_callbacks()
	told = []
	var hear := func(handle: int, facts: Dictionary, old: int) -> void:
		mutex.lock()
		told.append([handle, old, facts.connection_state])
		mutex.unlock()
	net.network_connection_status_changed.connect(hear)
	var results: Array = await in_threads(make_events.bind(net))
	net.run_callbacks()
	await process_frame
	net.network_connection_status_changed.disconnect(hear)
	var wanted := []
	for result in results:
		for handle in result:
			wanted += [[handle, 0, 1], [handle, 1, 0]]
	wanted.sort()
	told.sort()
	t.same(told, wanted, "each event is told once")
	t.no_error("callbacks everywhere")

func make_events(_n: int, net: Object) -> Array:
	var handles := []
	for round in 20:
		var handle: int = net.connectByIPAddress("127.0.0.1:9", [])
		handles.append(handle)
		net.run_callbacks()
		net.closeConnection(handle, 0, "", false)
		net.runNetworkingCallbacks()
	return handles

# The engine's own threads.
func pool(net: Object) -> void:
	var sums: Array = []
	sums.resize(64)
	var work := func(at: int) -> void:
		var pair: Dictionary = net.createSocketPair(false, "", "")
		net.sendMessageToConnection(pair.connection1, PackedByteArray([at]), RELIABLE)
		var got: Array = net.receiveMessagesOnConnection(pair.connection2, 9)
		net.closeConnection(pair.connection1, 0, "", false)
		net.closeConnection(pair.connection2, 0, "", false)
		net.closeConnection(0, 0, "", false)
		mutex.lock()
		sums[at] = got.size()
		mutex.unlock()
	var task := WorkerThreadPool.add_group_task(work, sums.size())
	while not WorkerThreadPool.is_group_task_completed(task):
		await process_frame
	WorkerThreadPool.wait_for_group_task_completion(task)
	t.same(sums, range(sums.size()).map(func(_at): return 1), "messages in the pool")
	var lines := t.errors()
	t.check(lines.size() == sums.size() and lines.all(func(line): return line.begins_with("closeConnection: ")), "one line each: %d" % lines.size())

# Threads take away from each other what they work with. Nobody knows how each call is answered, but lines have names.
func upheaval(net: Object) -> void:
	var handles: Array = []
	await in_threads(upset.bind(net, handles))
	net.resetIdentity("")
	net.run_callbacks()
	for line in t.errors():
		t.check(plan.functions.has(line.get_slice(": ", 0)), "a name begins the line `%s`" % line)
	t.same(net.getIdentity(), "ip:::1", "nobody in the end")

func upset(n: int, net: Object, handles: Array) -> void:
	var random := RandomNumberGenerator.new()
	random.seed = n
	var pick := func() -> int:
		mutex.lock()
		var handle: int = handles.pop_at(random.randi() % handles.size()) if handles.size() > 20 else handles[-1] if handles else 0
		mutex.unlock()
		return handle
	for round in 300:
		match random.randi() % 10:
			0, 1, 2:
				var pair: Dictionary = net.createSocketPair(random.randi() % 2 == 0, "", "")
				mutex.lock()
				handles.append_array([pair.connection1, pair.connection2, net.createPollGroup()])
				mutex.unlock()
			3:
				net.sendMessages(10, PackedByteArray([1]), pick.call(), RELIABLE)
			4:
				net.receiveMessagesOnConnection(pick.call(), 100)
			5:
				net.setConnectionPollGroup(pick.call(), pick.call())
			6:
				net.closeConnection(pick.call(), 0, "", true)
			7:
				net.destroyPollGroup(pick.call())
			8:
				net.run_callbacks()
			9:
				if round % 5 == 0:
					net.resetIdentity("str:%d" % n)

# Threads make contexts and let them go while the main thread tells of their events.
func contexts_come_and_go() -> void:
	told = []
	var results: Array = await in_threads(come_and_go)
	t.same(results, range(THREADS).map(func(_n): return 100), "contexts came and went")
	t.check(told.size() <= THREADS * 100, "no event is told twice")
	t.no_error("contexts come and go")

func come_and_go(_n: int) -> int:
	var hear := func(_handle: int, _facts: Dictionary, _old: int) -> void:
		mutex.lock()
		told.append(1)
		mutex.unlock()
	var made := 0
	for round in 100:
		var net := NetworkingSocketsContext.new()
		net.network_connection_status_changed.connect(hear)
		if net.connectByIPAddress("127.0.0.1:9", []) != 0:
			made += 1
		if round % 2 == 0:
			OS.delay_usec(500)
	return made
