# The window of the chat, and the chat without one.
extends Control

var options := Options.read()
var room := Room.new()
var monitor := NetworkingSocketsMonitor.new()
var heard := 0
var talked := false
var done := false

@onready var view: ChatView = $View


func _ready() -> void:
	room.said.connect(_on_said)
	room.noted.connect(view.note)
	room.ended.connect(_on_ended)
	view.host_wanted.connect(_on_host_wanted)
	view.join_wanted.connect(_on_join_wanted)
	view.line_entered.connect(_on_line)
	view.simulated.connect(func(setting: int, value: float) -> void: monitor.simulate(0, setting, value))
	room.take_name(options.name)
	if options.host:
		_on_host_wanted(options.name, options.port)
	elif options.join:
		_on_join_wanted(options.name, options.join, options.port)


func _on_host_wanted(who: String, port: int) -> void:
	if who != room.my_name:
		room.take_name(who)
	if not room.host("0.0.0.0", port):
		return fail("cannot listen on port %d" % port)
	view.begin()
	if options.tour:
		_on_line("/tour")


func _on_join_wanted(who: String, address: String, port: int) -> void:
	if who != room.my_name:
		room.take_name(who)
	if not room.join(address, port):
		return fail("%s, port %d: no address to connect to" % [address, port])
	view.begin()


func _process(_delta: float) -> void:
	room.poll()
	view.show_figures(room.figures())
	if options.members > 0 and not done:
		talk_alone()


func _on_said(who: String, text: String) -> void:
	heard += 1
	view.say(who, text)


func _on_line(text: String) -> void:
	match text:
		"/status": view.note(room.describe())
		"/knock": room.knock(3)
		"/leave": room.leave()
		"/tour":
			for answer: Array in Tour.walk(room.connection):
				view.note("%s -> %s" % answer)
		_: room.say(text)


func _on_ended(reason: int, text: String) -> void:
	view.note("the connection ended: %d, %s" % [reason, text])
	if options.members > 0 and not done:
		finish(reason == Room.REASON_CLOSED)


func fail(why: String) -> void:
	view.note(why)
	if options.members > 0:
		finish(false)


# Without a person: everybody says some lines, then knocks; when the host has heard all of it, it closes the room.
func talk_alone() -> void:
	if not talked and room.count == options.members:
		talked = true
		for number in options.lines:
			room.say("line %d of %s" % [number + 1, room.my_name])
		room.knock(2)
	if options.host and heard == expected() and room.figures().connection_status.pending_reliable == 0:
		view.note(room.describe())
		room.leave()
		finish(true)


func expected() -> int:
	return options.members * (options.lines + 2)


func finish(good: bool) -> void:
	done = true
	var fails := 0 if good and heard == expected() else 1
	print("HEARD %d of %d" % [heard, expected()])
	# A host stays until the goodbye has been told.
	await get_tree().create_timer(1.0).timeout
	room.shut()
	print("RESULT fails=%d checks=%d" % [fails, expected()])
	get_tree().quit(fails)
