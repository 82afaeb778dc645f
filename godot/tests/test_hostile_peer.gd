# The multiplayer peer's own functions with values of every type at every place: one line that begins with the function's
# name, and an answer of the right type. What it has from its base class is the engine's own affair.
# names: NetworkingSockets
extends SceneTree

const CLASS := "NetworkingSocketsMultiplayerPeer"

var t := preload("res://harness.gd").new()
var values := preload("res://hostile_values.gd").new()

func _initialize() -> void:
	var calls := 0
	for method in ClassDB.class_get_method_list(CLASS, true):
		if method.name.begins_with("_"):
			continue
		for at in method.args.size():
			for name in values.all:
				hostile(method, at, name)
				calls += 1
	values.clear()
	t.check(calls > 500, "%d calls" % calls)
	t.finish(self)

# Whether a value can be one of the type: numbers that are whole for an int, all texts for a String.
func fits(type: int, value: Variant) -> bool:
	match type:
		TYPE_INT:
			return value is int or value is bool or value is float and is_finite(value) and value == floorf(value) and absf(value) < 1e15
		TYPE_BOOL, TYPE_FLOAT:
			return typeof(value) in [TYPE_BOOL, TYPE_INT, TYPE_FLOAT]
		TYPE_STRING:
			return typeof(value) in [TYPE_STRING, TYPE_STRING_NAME, TYPE_NODE_PATH]
		TYPE_NIL:
			return true
		TYPE_OBJECT:
			# None of the values is of the right class.
			return typeof(value) == TYPE_NIL
		TYPE_ARRAY:
			# A list without elements, and options by their numbers.
			return value is Array or value is Dictionary or typeof(value) > TYPE_ARRAY and value.is_empty()
		_:
			return typeof(value) == type

func hostile(method: Dictionary, at: int, name: String) -> void:
	var peer: MultiplayerPeer = ClassDB.instantiate(CLASS)
	var value: Variant = values.all[name]
	var args: Array = method.args.map(func(argument: Dictionary) -> Variant:
		return "127.0.0.1" if argument.type == TYPE_STRING else type_convert(0, argument.type))
	args[at] = value
	var what := "%s with %s as %s" % [method.name, name, method.args[at].name]
	var got: Variant = peer.callv(method.name, args)
	var lines := t.errors()
	t.check(lines.size() <= 1 and lines.all(func(line: String) -> bool: return line.begins_with(method.name + ": ") and line.length() < 500),
			"%s: %s" % [what, lines.map(func(line: String) -> String: return line.left(300))])
	if method.return.type != TYPE_NIL:
		t.check(typeof(got) == method.return.type, "%s: got %s" % [what, type_string(typeof(got))])
	if not fits(method.args[at].type, value):
		t.check(lines.size() == 1, "%s: one line, got %s" % [what, lines])
		if method.return.class_name == &"Error":
			t.same(got, ERR_INVALID_PARAMETER, what)
		elif method.return.type != TYPE_NIL:
			t.check(not got, "%s: got %s" % [what, got])
	peer.close()
	t.no_error("closing after %s" % what)
