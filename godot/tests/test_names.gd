# Everything that the index names is there as a script sees it, with its types, and nothing else: functions, signals,
# constants.
extends SceneTree

# Aliases whose arguments differ from those of the function that they stand beside: arguments, what is returned.
const ALIASES := {
	"createFakeUDPPortHandle": [[["fake_server_port", "int"]], "int"],
	"findRelayAuthTicketForServerByIdentity": [[["identity_reference", "string"], ["port", "int"]], "int"],
	"getGameCoordinatorServerLoginBlob": [[], "PackedByteArray"],
	"getHostedDedicatedServerAddressInfo": [[], "dictionary"],
	"getListenSocketAddressString": [[["socket", "uint32"], ["with_port", "bool", true]], "string"],
	"sendMessagesArray": [[["messages", "array"], ["connection_handle", "uint32"], ["flags", "int"]], "array"],
}
# Aliases that take what the function takes.
const SAME_ALIASES := [
	"configureConnectionLanesLowFirst", "getConnectionRealTimeStatus", "getHostedDedicatedServerPOPID",
]
# What is here beyond the index: arguments, what is returned, why.
const BEYOND := {
	"sendMessageToConnectionOnLane": [
		[["connection_handle", "uint32"], ["data", "PackedByteArray"], ["flags", "int"], ["lane", "int"]],
		"dictionary", "lanes could be configured but not used without it"],
	"sendMessageToFakeIP": [
		[["port", "int"], ["ip_reference", "string"], ["data", "PackedByteArray"], ["flags", "int"]], "int",
		"a method of the port that createFakeUDPPortHandle returns"],
	"receiveMessagesOnFakeUDPPort": [[["port", "int"], ["max_messages", "int"]], "array", "another of its methods"],
	"scheduleFakeUDPPortCleanup": [[["port", "int"], ["ip_reference", "string"]], "void", "another of its methods"],
	"destroyFakeUDPPort": [[["port", "int"]], "void", "another of its methods"],
	"setGenericBytesArray": [[["reference_name", "string"], ["data", "PackedByteArray"]], "bool",
		"setGenericBytes holds one byte"],
	"getGenericBytesArray": [[["reference_name", "string"]], "PackedByteArray", "getGenericBytes holds one byte"],
	"setIPv6Array": [[["reference_name", "string"], ["ipv6", "PackedByteArray"], ["port", "uint16"]], "void",
		"setIPv6 holds one byte"],
	"addTrustedRoot": [[["public_key", "string"]], "bool", "who vouches for peers, where no backend says it"],
	"setGlobalConfigValueInt32": [[["config", "int"], ["value", "int"]], "bool",
		"the page's settings are set on another page"],
	"setGlobalConfigValueFloat": [[["config", "int"], ["value", "float"]], "bool", "as above"],
	"setGlobalConfigValueString": [[["config", "int"], ["value", "string"]], "bool", "as above"],
	"setConnectionConfigValueInt32": [
		[["connection_handle", "uint32"], ["config", "int"], ["value", "int"]], "bool", "as above"],
	"setConnectionConfigValueFloat": [
		[["connection_handle", "uint32"], ["config", "int"], ["value", "float"]], "bool", "as above"],
	"setConnectionConfigValueString": [
		[["connection_handle", "uint32"], ["config", "int"], ["value", "string"]], "bool", "as above"],
	"getConfigValue": [[["config", "int"], ["scope_type", "int"], ["scope_object", "int"]], "dictionary", "as above"],
}
# How the index writes defaults that JSON has no form for.
var defaults_said := {"[]": [], "\"\"": "", "empty": PackedByteArray()}
# Answers with a key that is new for each instance.
const RANDOM := "getCertificateRequest"
# Enums of the index under the name that they have here; where it says nothing, a constant stands alone.
const GROUPS := {"send flags": "NetworkingSendFlags", "other constants the seed mentions": ""}

var t := preload("res://harness.gd").new()
var page := preload("res://seed.gd").new(t)
# name -> {params: [{name, type, default?}], returns}
var wanted := {}
# name -> {value, group}
var constants := {}
var compared := {"functions": 0, "arguments": 0, "defaults": 0, "signals": 0, "constants": 0}

func _initialize() -> void:
	index_is_whole()
	collect_functions()
	collect_constants()
	var sockets := NetworkingSockets.get_class()
	var context := NetworkingSocketsContext.new()
	t.same(sockets, "Networking" + "Sockets", "the singleton's class")
	t.same(context.get_class(), "NetworkingSocketsContext", "the other class")
	t.check(Engine.get_singleton(sockets) == NetworkingSockets, "one object, under whatever name")
	functions_of("the singleton", own(NetworkingSockets.get_method_list(), ClassDB.get_parent_class(sockets)))
	functions_of("a context", own(context.get_method_list(), ClassDB.get_parent_class(context.get_class())))
	signals_of("the singleton", own(NetworkingSockets.get_signal_list(), "Object", true))
	signals_of("a context", own(context.get_signal_list(), "RefCounted", true))
	for type in [sockets, context.get_class()]:
		functions_of(type, ClassDB.class_get_method_list(type, true))
		signals_of(type, ClassDB.class_get_signal_list(type, true))
		constants_of(type)
	compiled("NetworkingSockets")
	both_ways(compiled("NetworkingSocketsContext.new()"))
	# Four views of functions and signals, two of constants.
	t.same(compared.functions, 4 * wanted.size(), "functions compared")
	t.same(compared.signals, 4 * 3, "signals compared")
	t.same(compared.constants, 2 * constants.size(), "constants compared")
	print("compared: ", compared, " of ", wanted.size(), " functions and ", constants.size(), " constants")
	t.finish(self)

# The index holds as much as it says, so that an empty one is none.
func index_is_whole() -> void:
	var counts: Dictionary = page.index.counts
	var listed := 0
	var params := 0
	for function: Dictionary in page.index.functions:
		if function.listed:
			listed += 1
			params += function.params.size()
	t.same(listed, 42, "functions of the page")
	t.same(int(counts.functions_listed), 42, "functions of the page, by its count")
	t.same(params, int(counts.parameters_listed), "their parameters")
	t.same(page.index.functions.size() - listed, int(counts.functions_unlisted), "functions it leans on")
	t.same(page.index.implied_helpers.size(), 36, "helpers")
	t.same(page.index.signals.size(), 3, "signals")
	t.same(page.index.enums.size(), 6, "enums")
	var all := 0
	for group: Dictionary in page.index.enums:
		t.same(group.constants.size(), int(counts.constants_per_enum[group.name]), "constants of %s" % group.name)
		t.same(group.additional_constants.size(), int(counts.additional_constants[group.name]), "more of %s" % group.name)
		all += group.constants.size()
	t.same(all, 95, "constants of the page")
	t.same(page.index.companion_constants.size(), 6, "companions")

func collect_functions() -> void:
	var aliases := 0
	for function: Dictionary in page.functions() + page.index.implied_helpers:
		var returns: String = function.returns if function.returns is String else function.returns.type
		# The helpers' lists are told in a sentence.
		if returns.begins_with("array of {"):
			returns = "array"
		var params: Array = function.get("effective_params", function.params)
		add(function.name, params, returns)
		for alias: String in function.get("aliases", []):
			aliases += 1
			if alias in SAME_ALIASES:
				add(alias, params, returns)
			elif t.check(ALIASES.has(alias), "the alias %s is described" % alias):
				add(alias, described(ALIASES[alias][0]), ALIASES[alias][1])
	t.same(aliases, ALIASES.size() + SAME_ALIASES.size(), "aliases")
	for name: String in BEYOND:
		t.check(BEYOND[name].size() == 3 and BEYOND[name][2] != "", "%s has a reason" % name)
		add(name, described(BEYOND[name][0]), BEYOND[name][1])

func add(name: String, params: Array, returns: String) -> void:
	t.check(not wanted.has(name), "%s is wanted once" % name)
	wanted[name] = {"params": params, "returns": returns}

func described(params: Array) -> Array:
	var out := []
	for param: Array in params:
		var one := {"name": param[0], "type": param[1]}
		if param.size() > 2:
			one["default"] = param[2]
		out.append(one)
	return out

func collect_constants() -> void:
	for group: Dictionary in page.index.enums + page.index.companion_constants:
		for constant: Dictionary in group.constants + group.get("additional_constants", []):
			for name: String in [constant.name] + constant.get("aliases", []):
				t.check(not constants.has(name), "%s is wanted once" % name)
				constants[name] = {"value": int(constant.value), "group": GROUPS.get(group.name, group.name)}

# What a list has beyond the engine's own class.
func own(list: Array, base: String, signals := false) -> Array:
	var known := {}
	for one: Dictionary in ClassDB.class_get_signal_list(base) if signals else ClassDB.class_get_method_list(base):
		known[one.name] = true
	return list.filter(func(one: Dictionary) -> bool: return not known.has(one.name))

func functions_of(where: String, list: Array) -> void:
	var there := {}
	for method: Dictionary in list:
		t.check(not there.has(method.name), "%s.%s is there once" % [where, method.name])
		there[method.name] = method
		t.check(wanted.has(method.name), "%s.%s is in the index, or has a reason to be here" % [where, method.name])
	for name: String in wanted:
		if t.check(there.has(name), "%s.%s" % [where, name]):
			function_matches("%s.%s" % [where, name], there[name], wanted[name])

func function_matches(what: String, method: Dictionary, function: Dictionary) -> void:
	compared.functions += 1
	var params: Array = function.params
	t.same(method.args.size(), params.size(), "%s: number of arguments" % what)
	var defaults := []
	for at in mini(params.size(), method.args.size()):
		compared.arguments += 1
		var name := "%s: argument %d" % [what, at]
		t.same(method.args[at].name, params[at].name, name)
		type_matches(name, method.args[at], params[at].type)
		if params[at].has("default"):
			defaults.append(default_of(params[at]))
		else:
			t.check(defaults.is_empty(), "%s has a default, as those before it" % name)
	t.same(method.default_args.size(), defaults.size(), "%s: number of defaults" % what)
	for at in mini(defaults.size(), method.default_args.size()):
		compared.defaults += 1
		t.same(method.default_args[at], defaults[at], "%s: default %d" % [what, at])
	type_matches("%s: what it returns" % what, method.return, function.returns)
	t.check(not method.flags & (METHOD_FLAG_VARARG | METHOD_FLAG_STATIC), "%s is an ordinary method" % what)

# The default of a parameter, of the type that the parameter has.
func default_of(param: Dictionary) -> Variant:
	var value: Variant = param.default
	if value is String:
		t.check(defaults_said.has(value), "the default `%s` is known" % value)
		return defaults_said.get(value)
	return int(value) if value is float else value

func type_matches(what: String, property: Dictionary, word: String) -> void:
	var type: int = page.type_of(word)
	var any: bool = type == page.ANY
	t.same(property.type, TYPE_NIL if any else type, "%s: the type for `%s`" % [what, word])
	t.same(property.usage & PROPERTY_USAGE_NIL_IS_VARIANT != 0, any, "%s: any type" % what)
	t.same(String(property.class_name), "", "%s: no class, no enum" % what)

func signals_of(where: String, list: Array) -> void:
	var there := {}
	for one: Dictionary in list:
		there[one.name] = one
	t.same(there.size(), page.index.signals.size(), "%s: number of signals" % where)
	for one: Dictionary in page.index.signals:
		var what := "%s.%s" % [where, one.name]
		if not t.check(there.has(one.name), what):
			continue
		compared.signals += 1
		var args: Array = there[one.name].args
		t.same(args.size(), one.payload.size(), "%s: number of arguments" % what)
		for at in mini(args.size(), one.payload.size()):
			t.same(args[at].name, one.payload[at].name, "%s: argument %d" % [what, at])
			type_matches("%s: argument %d" % [what, at], args[at], one.payload[at].type)

func constants_of(type: String) -> void:
	var groups := {}
	for name: String in constants:
		var constant: Dictionary = constants[name]
		groups[constant.group] = groups.get(constant.group, []) + [name]
		if t.check(ClassDB.class_has_integer_constant(type, name), "%s.%s" % [type, name]):
			compared.constants += 1
			t.same(ClassDB.class_get_integer_constant(type, name), constant.value, "%s.%s" % [type, name])
			t.same(String(ClassDB.class_get_integer_constant_enum(type, name, true)), constant.group, "enum of %s" % name)
	for name in ClassDB.class_get_integer_constant_list(type, true):
		t.check(constants.has(name), "%s.%s is in the index" % [type, name])
	groups.erase("")
	var names := Array(ClassDB.class_get_enum_list(type, true))
	names.sort()
	var wanted_names := groups.keys()
	wanted_names.sort()
	t.same(names.map(func(name: Variant) -> String: return name), wanted_names, "enums of %s" % type)
	for group: String in groups:
		t.check(not ClassDB.is_class_enum_bitfield(type, group, true), "%s is no bitfield" % group)
		var members := Array(ClassDB.class_get_enum_constants(type, group, true))
		members.sort()
		groups[group].sort()
		t.same(members.map(func(name: Variant) -> String: return name), groups[group], "constants of %s" % group)

# A script that says all types calls every function and reads every constant: the compiler finds them, too.
func compiled(object: String) -> GDScript:
	var words := {TYPE_NIL: "void", page.ANY: "Variant", TYPE_BOOL: "bool", TYPE_INT: "int", TYPE_FLOAT: "float",
		TYPE_STRING: "String", TYPE_ARRAY: "Array", TYPE_DICTIONARY: "Dictionary",
		TYPE_PACKED_BYTE_ARRAY: "PackedByteArray"}
	var lines: Array[String] = ["extends RefCounted", "const ALL := {"]
	var class_name_of := object.trim_suffix(".new()")
	for name: String in constants:
		lines.append("\t\"%s\": %s.%s," % [name, class_name_of, name])
	lines.append("}")
	for name: String in wanted:
		var function: Dictionary = wanted[name]
		var params: Array = function.params.map(func(p: Dictionary) -> String:
			return "p_%s: %s" % [p.name, words[page.type_of(p.type)]])
		var passed: Array = function.params.map(func(p: Dictionary) -> String: return "p_" + p.name)
		var returns: String = words[page.type_of(function.returns)]
		lines.append("func f_%s(%s) -> %s:" % [name, ", ".join(params), returns])
		var give := "" if returns == "void" else "var value: %s = " % returns
		lines.append("\t%s%s.%s(%s)" % [give, object, name, ", ".join(passed)])
		if returns != "void":
			lines.append("\treturn value")
	var script := GDScript.new()
	script.source_code = "\n".join(lines) + "\n"
	if not t.same(int(script.reload()), OK, "a typed script for %s compiles" % object):
		return null
	var all: Dictionary = script.get_script_constant_map()["ALL"]
	t.same(all.size(), constants.size(), "constants that the script saw")
	for name: String in all:
		t.same(all[name], constants[name].value, "%s as the script saw it" % name)
	t.same(script.get_script_method_list().size(), wanted.size(), "functions that the script called")
	t.no_error("looking at all of that")
	return script

# A script that says its types calls by another way than one that does not: the same arrives, and the same comes back.
func both_ways(script: GDScript) -> void:
	if script == null:
		return
	var values := {TYPE_BOOL: true, TYPE_INT: 7, TYPE_FLOAT: 0.5, TYPE_STRING: "str:x", TYPE_ARRAY: [1, 2],
		TYPE_PACKED_BYTE_ARRAY: PackedByteArray([65, 66]), page.ANY: "data"}
	var typed: Object = script.new()
	var told := 0
	for name: String in wanted:
		var arguments: Array = wanted[name].params.map(func(p: Dictionary) -> Variant:
			return values[page.type_of(p.type)])
		# Each call on an instance of its own, so that one has no part in the other's answer.
		var one: Variant = typed.callv("f_" + name, arguments)
		var lines := t.errors()
		var other: Variant = NetworkingSocketsContext.new().callv(name, arguments)
		t.same(lines, t.errors(), "%s%s: what both ways tell" % [name, arguments])
		told += lines.size()
		if name == RANDOM:
			t.check(one is Dictionary and one.keys() == other.keys(), "%s by both ways" % name)
		else:
			t.same(var_to_str(one), var_to_str(other), "%s%s by both ways" % [name, arguments])
	print("%d functions called by both ways, %d of them told of a mistake" % [wanted.size(), told])
	t.check(told > wanted.size() / 3, "mistakes were told")
