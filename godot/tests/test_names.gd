# Every name of the seed's index is there: functions with their argument names, signals, constants with values and enums.
# names: NetworkingSockets
extends SceneTree

var t := preload("res://harness.gd").new()

func _initialize() -> void:
	var index: Dictionary = JSON.parse_string(FileAccess.get_file_as_string("res://seed-api.json"))
	for type in ["NetworkingSockets", "NetworkingSocketsContext"]:
		var methods := {}
		for method in ClassDB.class_get_method_list(type, true):
			methods[method.name] = method
		for function in index.functions + index.implied_helpers:
			if function.get("where") == "backend":
				continue
			for name in [function.name] + function.get("aliases", []):
				t.check(methods.has(name), "%s.%s" % [type, name])
			if methods.has(function.name):
				var params: Array = function.get("effective_params", function.params)
				var names: Array = methods[function.name].args.map(func(a): return a.name)
				t.check(names == params.map(func(p): return p.name), "%s.%s%s" % [type, function.name, names])
				var optional: int = params.filter(func(p): return p.has("default")).size()
				t.check(methods[function.name].default_args.size() == optional, "%s.%s defaults" % [type, function.name])
		for wanted in index.signals:
			t.check(ClassDB.class_has_signal(type, wanted.name), "%s.%s" % [type, wanted.name])
		for group in index.enums:
			for constant in group.constants + group.additional_constants:
				for name in [constant.name] + constant.get("aliases", []):
					t.check(ClassDB.class_get_integer_constant(type, name) == int(constant.value), "%s.%s" % [type, name])
					t.check(ClassDB.class_get_integer_constant_enum(type, name) == group.name, "enum of %s" % name)
	t.finish(self)
