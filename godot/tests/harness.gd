# What every test script uses: checks, errors counted as they are printed, the result line.
#
# A script ends with finish(); the engine's exit status follows the number of failures.
extends RefCounted

class Ear extends Logger:
	var lines: Array[String] = []
	# Among them, those that the engine prints as warnings.
	var warnings := 0
	var mutex := Mutex.new()

	func _log_error(_function: String, _file: String, _line: int, code: String, rationale: String,
			_editor_notify: bool, error_type: int, _backtraces: Array[ScriptBacktrace]) -> void:
		mutex.lock()
		lines.append(rationale if rationale != "" else code)
		warnings += int(error_type == ERROR_TYPE_WARNING)
		mutex.unlock()

var fails := 0
var checks := 0
var ear := Ear.new()
var heard := 0

func _init() -> void:
	OS.add_logger(ear)

# One thing that must hold.
func check(good: bool, what: String) -> bool:
	checks += 1
	if not good:
		fails += 1
		print("FAIL ", what)
	return good

# Two things that must be the same, type included.
func same(got: Variant, wanted: Variant, what: String) -> bool:
	var good: bool = typeof(got) == typeof(wanted) and got == wanted
	return check(good, "%s: got %s, wanted %s" % [what, var_to_str(got), var_to_str(wanted)])

# The errors printed since the last call.
func errors() -> Array[String]:
	ear.mutex.lock()
	var new: Array[String] = ear.lines.slice(heard)
	heard = ear.lines.size()
	ear.mutex.unlock()
	return new

# Exactly one error was printed since the last call, and it begins with this.
func one_error(begin: String, what: String) -> void:
	var new := errors()
	check(new.size() == 1 and new[0].begins_with(begin), "%s: one error line `%s...`, got %s" % [what, begin, new])

# No error was printed since the last call.
func no_error(what: String) -> void:
	var new := errors()
	check(new.is_empty(), "%s: no error line, got %s" % [what, new])

# The last line, and the end of the program.
func finish(tree: SceneTree) -> void:
	errors()
	OS.remove_logger(ear)
	print("RESULT fails=%d checks=%d errors=%d" % [fails, checks, heard - ear.warnings])
	tree.quit(1 if fails > 0 else 0)
