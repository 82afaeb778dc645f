# Bad values by the other ways that lead to a function: typed calls, which do not pass by values of any type, defaults,
# callables, signals, deferred calls, a logger that calls while an error is printed, a class of a script.
extends SceneTree

const TOO_LONG := 1 << 20

var t := preload("res://harness.gd").new()

signal wrong(value: Variant, other: Variant)

class Mine extends NetworkingSocketsContext:
	var told := 0
	func _init() -> void:
		network_connection_status_changed.connect(func(_h: int, _f: Dictionary, _o: int) -> void: told += 1)
	func who() -> String:
		return getIdentity()

class Nosy extends Logger:
	var depth := 0
	var heard := 0
	var context := NetworkingSocketsContext.new()
	func _log_error(_function: String, _file: String, _line: int, _code: String, _rationale: String, _editor: bool,
			_type: int, _backtraces: Array[ScriptBacktrace]) -> void:
		heard += 1
		if depth < 3:
			depth += 1
			NetworkingSockets.getConnectionInfo(0)
			context.closeConnection(context.connectByIPAddress("127.0.0.1:9", []), 0, "", false)
			context.run_callbacks()
			depth -= 1

func _initialize() -> void:
	run()

func run() -> void:
	typed()
	defaults()
	await by_callables()
	await class_of_a_script()
	monitor()
	nosy()
	t.finish(self)

# Everything has its type here, so that the engine passes it directly.
func typed() -> void:
	var smallest: int = -9223372036854775807 - 1
	var large: int = 1 << 40
	var long: String = "x".repeat(TOO_LONG)
	var bytes := PackedByteArray()
	bytes.resize(TOO_LONG)
	var nothing: Array = []
	var nulls: Array = [null, null]
	var inside: Array = []
	inside.append(inside)
	var many: Array[int] = []
	many.resize(TOO_LONG)
	var zero: float = NAN
	for handle: int in [0, -1, smallest, large]:
		t.same(NetworkingSockets.acceptConnection(handle), 8, "typed handle")
		t.one_error("acceptConnection: ", "typed handle")
		t.same(NetworkingSockets.receiveMessagesOnConnection(handle, large), [], "typed handle")
		t.one_error("receiveMessagesOnConnection: ", "typed handle")
	t.same(NetworkingSockets.connectByIPAddress(long, nothing), 0, "typed text")
	t.one_error("connectByIPAddress: ", "typed text")
	t.same(NetworkingSockets.connectByIPAddress("127.0.0.1:9", inside), 0, "typed list")
	t.one_error("connectByIPAddress: ", "typed list")
	t.same(NetworkingSockets.connectByIPAddress("127.0.0.1:9", many), 0, "typed long list")
	t.one_error("connectByIPAddress: ", "typed long list")
	t.same(NetworkingSockets.addIdentity(long), false, "typed name")
	t.one_error("addIdentity: ", "typed name")
	var pair: Dictionary = NetworkingSockets.createSocketPair(false, long, long)
	var one: int = pair.connection1
	t.no_error("names that mean nothing")
	t.same(NetworkingSockets.configureConnectionLanes(one, large, nothing, nothing), 8, "typed number")
	t.one_error("configureConnectionLanes: ", "typed number")
	t.same(NetworkingSockets.configureConnectionLanes(one, 2, nulls, nothing), 8, "typed list of nulls")
	t.one_error("configureConnectionLanes: ", "typed list of nulls")
	t.same(NetworkingSockets.configureConnectionLanes(one, 2, many, many), 8, "typed long list")
	t.one_error("configureConnectionLanes: ", "typed long list")
	t.same(NetworkingSockets.sendMessagesArray(nulls, one, 8), [], "typed messages")
	t.one_error("sendMessagesArray: ", "typed messages")
	t.same(NetworkingSockets.sendMessageToConnection(one, bytes, large), {"result": 8, "message_number": -1}, "typed flags")
	t.one_error("sendMessageToConnection: ", "typed flags")
	t.same(NetworkingSockets.setGlobalConfigValueFloat(2, zero), false, "typed float")
	t.one_error("setGlobalConfigValueFloat: ", "typed float")
	t.same(NetworkingSockets.setGlobalConfigValueString(29, long), false, "typed long setting")
	t.one_error("setGlobalConfigValueString: ", "typed long setting")
	t.same(NetworkingSockets.setCertificate(bytes).response, false, "typed bytes")
	t.one_error("setCertificate: ", "typed bytes")
	NetworkingSockets.setConnectionName(one, long)
	t.same(NetworkingSockets.getConnectionName(one), "x".repeat(31), "a long name is cut")
	NetworkingSockets.closeConnection(one, smallest, long, true)
	NetworkingSockets.closeConnection(pair.connection2, 0, "", false)
	t.no_error("typed and good enough")

func defaults() -> void:
	t.same(NetworkingSockets.configureConnectionLanes(), 3, "no arguments")
	t.one_error("configureConnectionLanes: ", "no arguments")
	t.same(NetworkingSockets.call("configureConnectionLanes", "nonsense"), 3, "one argument")
	t.one_error("configureConnectionLanes: ", "one argument")
	t.same(NetworkingSockets.call("GetConnectionRealTimeStatus", []), {"response": 3}, "one argument")
	t.one_error("GetConnectionRealTimeStatus: ", "one argument")
	t.same(NetworkingSockets.receivedRelayAuthTicket(), {}, "no argument")
	t.one_error("receivedRelayAuthTicket: ", "no argument")
	t.same(NetworkingSockets.getFakeIP().result, 42, "no argument")
	t.same(NetworkingSockets.getGameCoordinatorServerLogin(), 21, "no argument")
	t.no_error("defaults")

func by_callables() -> void:
	t.same(NetworkingSockets.acceptConnection.bind(Vector2()).call(), 8, "bound")
	t.one_error("acceptConnection: ", "bound")
	t.same(Callable(NetworkingSockets, "getConnectionName").callv([{}]), "", "called with a list")
	t.one_error("getConnectionName: ", "called with a list")
	wrong.connect(NetworkingSockets.setConnectionName)
	wrong.emit([], self)
	t.one_error("setConnectionName: ", "by a signal")
	wrong.disconnect(NetworkingSockets.setConnectionName)
	NetworkingSockets.call_deferred("closeConnection", self, null, NAN, {})
	NetworkingSockets.destroyPollGroup.call_deferred(&"x")
	await process_frame
	await process_frame
	var lines := t.errors()
	t.check(lines.size() == 2 and lines[0].begins_with("closeConnection: ") and lines[1].begins_with("destroyPollGroup: "), "deferred: %s" % [lines])
	var expression := Expression.new()
	t.same(expression.parse("net.flushMessagesOnConnection('x')", ["net"]), OK, "an expression")
	t.same(expression.execute([NetworkingSockets]), 8, "by an expression")
	t.one_error("flushMessagesOnConnection: ", "by an expression")

func class_of_a_script() -> void:
	var mine := Mine.new()
	t.same(mine.who(), "ip:::1", "its own function")
	t.same(mine.call("acceptConnection", "x"), 8, "a function of ours")
	t.one_error("acceptConnection: ", "a function of ours")
	t.check(mine.connectByIPAddress("127.0.0.1:9", []) != 0, "an event")
	await process_frame
	await process_frame
	t.same(mine.told, 1, "told by itself")
	# Nothing stops a script from making another one of the singleton's class.
	var second: Object = ClassDB.instantiate("NetworkingSocketsContext")
	t.check(second.createPollGroup() != 0, "made by name")
	t.no_error("classes")

# The class that shows what runs.
func monitor() -> void:
	var values := preload("res://hostile_values.gd").new()
	var shown := NetworkingSocketsMonitor.new()
	for at in 3:
		for name in values.all:
			var args := [0, 4, 0.0]
			args[at] = values.all[name]
			var number: float = float(args[at]) if typeof(args[at]) in [TYPE_INT, TYPE_BOOL, TYPE_FLOAT] else NAN
			var known := shown.contexts().any(func(context: Dictionary) -> bool: return context.context == number)
			var good: bool = [number == 0 or known, number == 3, number >= 0 and number < 1e30][at]
			t.same(shown.callv("simulate", args), good, "%s at place %d" % [name, at])
			if good:
				t.no_error("%s at place %d" % [name, at])
			else:
				t.one_error("simulate: ", "%s at place %d" % [name, at])
	t.same(shown.simulate(0, 3, 0), true, "as before")
	t.same(shown.simulate(0, 4, 0), true, "as before")
	t.check(shown.contexts().size() > 0, "contexts")
	values.clear()
	t.no_error("monitor")

# A logger may call functions while an error line is on its way.
func nosy() -> void:
	var logger := Nosy.new()
	OS.add_logger(logger)
	t.same(NetworkingSockets.acceptConnection(0), 8, "with a logger")
	t.same(logger.context.acceptConnection(0), 8, "on the logger's own context")
	OS.remove_logger(logger)
	t.same(logger.heard, 2, "lines heard")
	var lines := t.errors()
	t.check(lines.size() == 2 and lines.all(func(line: String) -> bool: return line.begins_with("acceptConnection: ")), "lines: %s" % [lines])
	# The engine prints the lines that a logger causes but tells no logger of them: one for each that was heard.
	for n in logger.heard:
		t.ear.lines.append("getConnectionInfo: ...")
	t.errors()
