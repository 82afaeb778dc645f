# Values of every type that no function was made for, under names for messages.
extends RefCounted

# More bytes than any text or name may have.
const MANY := 1 << 20

class Owner extends Node:
	signal nothing
	func method() -> void:
		pass

var node := Owner.new()
var freed: Variant = Object.new()
var all := {}

func _init() -> void:
	freed.free()
	numbers()
	texts()
	shapes()
	objects()
	lists()
	dictionaries()
	packed()

func numbers() -> void:
	all["nil"] = null
	all["true"] = true
	all["false"] = false
	all["-1"] = -1
	all["smallest int"] = -9223372036854775807 - 1
	all["largest int"] = 9223372036854775807
	all["2^31"] = 1 << 31
	all["2^32"] = 1 << 32
	all["70000"] = 70000
	all["3.0"] = 3.0
	all["3.5"] = 3.5
	all["nan"] = NAN
	all["inf"] = INF
	all["-inf"] = -INF
	all["1e300"] = 1e300

func texts() -> void:
	all["empty text"] = ""
	all["long text"] = "x".repeat(MANY)
	# The engine makes U+FFFD of zeros and of halves of surrogate pairs.
	all["text with a zero"] = "a%sb" % PackedByteArray([0, 0, 0, 0, 98, 0, 0, 0]).get_string_from_utf32()
	all["odd text"] = "\u202e\u0301\ufeff%s%s\r\n\t" % [char(0x10ffff), char(0xd800)]
	all["a percent sign"] = "%s%n{}{0}"
	all["empty name"] = &""
	all["name"] = &"hostile"
	all["empty path"] = NodePath()
	all["path"] = ^"/hostile/path:x"

func shapes() -> void:
	for value in [Vector2(1, NAN), Vector2i(1, 2), Rect2(), Rect2i(), Vector3.INF, Vector3i(), Transform2D(), Vector4(),
			Vector4i(), Plane(), Quaternion(), AABB(), Basis(), Transform3D(), Projection(), Color(NAN, 0, 0), RID()]:
		all[type_string(typeof(value))] = value

func objects() -> void:
	all["no Callable"] = Callable()
	all["Callable of nobody"] = Callable(freed, "method")
	all["Callable without a method"] = Callable(node, "nonsense")
	all["method"] = node.method
	all["lambda"] = func() -> void: pass
	all["no Signal"] = Signal()
	all["Signal"] = node.nothing
	all["freed Object"] = freed
	all["Node"] = node
	all["RefCounted"] = RefCounted.new()
	all["singleton"] = NetworkingSockets

func lists() -> void:
	all["empty Array"] = []
	all["Array of nulls"] = [null, null]
	all["Array of ints"] = [1, 2, 3] as Array[int]
	all["empty Array[int]"] = [] as Array[int]
	all["empty Array[Node]"] = [] as Array[Node]
	all["nested Array"] = [[[[[]]]]]
	var inside := []
	for n in 3:
		inside.append(inside)
	all["Array inside itself"] = inside
	var long := []
	long.resize(MANY)
	all["long Array"] = long
	var read_only := [1]
	read_only.make_read_only()
	all["Array to read only"] = read_only

func dictionaries() -> void:
	all["empty Dictionary"] = {}
	all["Dictionary"] = {"a": 1, null: null}
	all["empty Dictionary[int, int]"] = {} as Dictionary[int, int]
	all["Dictionary[String, int]"] = {"a": 1} as Dictionary[String, int]
	var inside := {}
	inside[1] = inside
	all["Dictionary inside itself"] = inside

func packed() -> void:
	for value in [PackedByteArray(), PackedInt32Array(), PackedInt64Array(), PackedFloat32Array(), PackedFloat64Array(),
			PackedStringArray(), PackedVector2Array(), PackedVector3Array(), PackedColorArray(), PackedVector4Array()]:
		all["empty %s" % type_string(typeof(value))] = value
	for value in [PackedByteArray([7]), PackedInt32Array([7]), PackedInt64Array([7]), PackedFloat32Array([NAN]),
			PackedFloat64Array([7.5]), PackedStringArray(["7"]), PackedVector2Array([Vector2()]),
			PackedVector3Array([Vector3()]), PackedColorArray([Color()]), PackedVector4Array([Vector4()])]:
		all["%s" % type_string(typeof(value))] = value
	var long := PackedByteArray()
	long.resize(MANY)
	all["long PackedByteArray"] = long

# Types without a value here: there must be none.
func missing() -> Array:
	var there := {}
	for name in all:
		there[typeof(all[name])] = true
	return range(TYPE_MAX).filter(func(type): return not there.has(type)).map(func(type): return type_string(type))

# The values that refer to themselves would never go.
func clear() -> void:
	for name in ["Array inside itself", "Dictionary inside itself"]:
		all[name].clear()
	all.clear()
	node.free()
