# The index of the specification's page: what its words mean for a script, and comparisons with it.
extends RefCounted

# Every type word of the index. A word that is not here fails where it is met.
const TYPES := {
	"void": TYPE_NIL,
	"bool": TYPE_BOOL,
	"int": TYPE_INT,
	"int32": TYPE_INT,
	"int64": TYPE_INT,
	"uint8": TYPE_INT,
	"uint16": TYPE_INT,
	"uint32": TYPE_INT,
	"uint64": TYPE_INT,
	"uint64_t": TYPE_INT,
	"float": TYPE_FLOAT,
	"string": TYPE_STRING,
	"String": TYPE_STRING,
	"array": TYPE_ARRAY,
	"Array": TYPE_ARRAY,
	"Array of int": TYPE_ARRAY,
	"Array of int 1..65535": TYPE_ARRAY,
	"vector": TYPE_ARRAY,
	"dictionary": TYPE_DICTIONARY,
	"PoolByteArray": TYPE_PACKED_BYTE_ARRAY,
	"PackedByteArray": TYPE_PACKED_BYTE_ARRAY,
	"String or PackedByteArray": ANY,
}
# Stands for a value of any type, which Godot shows as NIL with a mark.
const ANY := -1
# Where a word has a range, a value has to be in it.
const LARGEST := {"uint8": 0xff, "uint16": 0xffff, "uint32": 0xffffffff}
# Keys whose type is settled otherwise than the page has it: bytes cannot all be text.
const SETTLED := {
	"receiveMessagesOnConnection.payload": "PackedByteArray",
	"receiveMessagesOnPollGroup.payload": "PackedByteArray",
}
# Lists whose elements are numbers.
const LIST_OF_INT := "Array of int"

var t: RefCounted
var index: Dictionary
# How many keys were compared.
var compared := 0

func _init(harness: RefCounted) -> void:
	t = harness
	index = JSON.parse_string(FileAccess.get_file_as_string("res://seed-api.json"))

# The type that a word stands for. There is no type for a word that nobody thought of.
func type_of(word: String) -> int:
	if not TYPES.has(word):
		t.check(false, "no type is known for the word `%s`" % word)
		return TYPE_MAX
	return TYPES[word]

# The functions that the extension has to have: those of the page, and those it leans on.
func functions() -> Array:
	return index.functions.filter(func(f: Dictionary) -> bool: return f.get("where") != "backend")

func function_of(name: String) -> Dictionary:
	for function: Dictionary in index.functions + index.implied_helpers:
		if function.name == name:
			return function
	t.check(false, "the index has no function %s" % name)
	return {}

# The keys of what a function returns, or of the elements of the list that it returns: name -> what the value is.
func shape_of_function(name: String) -> Dictionary:
	var function := function_of(name)
	if function.returns is String:
		return _shape_of_text(function.returns)
	var returns: Dictionary = function.returns
	var keys: Array = returns.element.keys if returns.has("element") else returns.keys
	return _shape(name, keys, function.get("extra_keys", []))

# Types of the arguments of a signal.
func types_of_signal(name: String) -> Array:
	for one: Dictionary in index.signals:
		if one.name == name:
			return one.payload.map(func(value: Dictionary) -> int: return type_of(value.type))
	t.check(false, "the index has no signal %s" % name)
	return []

# The keys of one argument of a signal.
func shape_of_signal(name: String, argument: String) -> Dictionary:
	for one: Dictionary in index.signals:
		if one.name != name:
			continue
		for value: Dictionary in one.payload:
			if value.name == argument:
				var extra := []
				for key: Dictionary in one.get("extra_keys", []):
					if key.name.begins_with(argument + "."):
						extra.append({"name": key.name.trim_prefix(argument + "."), "type": key.type})
				return _shape(name, value.keys, extra)
	t.check(false, "the index has no argument %s of %s" % [argument, name])
	return {}

func _shape(where: String, keys: Array, extra: Array) -> Dictionary:
	var shape := {}
	for key: Dictionary in keys:
		var inner: Array = key.get("keys", [])
		if key.type == "array" and inner.size() == 1:
			inner = inner[0].keys
		var word: String = SETTLED.get("%s.%s" % [where, key.name], key.type)
		shape[key.name] = {"word": word, "keys": _shape(where, inner, [])}
	for key: Dictionary in extra:
		var into := shape
		var path: PackedStringArray = key.name.replace("[]", "").split(".")
		for part in path.slice(0, -1):
			into = into[part].keys
		into[path[-1]] = {"word": key.type, "keys": {}}
	return shape

# The helpers' lists are told in a sentence: `array of {name type, name type}`.
func _shape_of_text(text: String) -> Dictionary:
	var shape := {}
	var inside := text.get_slice("{", 1).get_slice("}", 0)
	for pair in inside.split(", "):
		var words := pair.split(" ")
		if t.check(words.size() == 2, "`%s` is a name and a type" % pair):
			shape[words[0]] = {"word": words[1], "keys": {}}
	return shape

# The dictionary has exactly these keys, with values of these types, down to the last.
func keys_match(got: Variant, shape: Dictionary, what: String) -> bool:
	if not t.check(got is Dictionary and not shape.is_empty(), "%s: keys to compare" % what):
		return false
	var names: Array = got.keys()
	var wanted: Array = shape.keys()
	names.sort()
	wanted.sort()
	var good: bool = t.same(names, wanted, "%s: its keys" % what)
	for name: String in wanted:
		if got.has(name):
			good = _value_matches(got[name], shape[name], "%s: %s" % [what, name]) and good
	return good

func _value_matches(value: Variant, wanted: Dictionary, what: String) -> bool:
	compared += 1
	var type := type_of(wanted.word)
	if not t.check(typeof(value) == type, "%s is a %s, not a %s" % [what, type_string(typeof(value)), type_string(type)]):
		return false
	if LARGEST.has(wanted.word) and not t.check(value >= 0 and value <= LARGEST[wanted.word],
			"%s = %d is a %s" % [what, value, wanted.word]):
		return false
	var good := true
	if wanted.word == LIST_OF_INT:
		for element: Variant in value:
			good = t.check(element is int, "%s: %s is an int" % [what, element]) and good
	elif not wanted.keys.is_empty() and type == TYPE_ARRAY:
		for element: Variant in value:
			good = keys_match(element, wanted.keys, what + "[]") and good
	elif not wanted.keys.is_empty() and not value.is_empty():
		good = keys_match(value, wanted.keys, what)
	return good

# Every dictionary of a list has exactly these keys; and there are as many as that.
func all_match(got: Variant, shape: Dictionary, count: int, what: String) -> bool:
	if not t.check(got is Array and got.size() == count, "%s: %d of them" % [what, count]):
		return false
	var good := true
	for element: Variant in got:
		good = keys_match(element, shape, what) and good
	return good
