# Scripts that say all their types call by another way than those that do not, and bring typed arrays as they are.
extends SceneTree

const RELIABLE := 8

var t := preload("res://harness.gd").new()


func _initialize() -> void:
	var pair: Dictionary = NetworkingSockets.createSocketPair(false, "", "")
	var connection: int = pair.connection1
	var numbers: Array[int] = [10, 0]
	t.same(NetworkingSockets.configureConnectionLanes(connection, 2, numbers, [1, 1] as Array[int]), 1, "lanes")
	t.same(NetworkingSockets.configureConnectionLanesLowFirst(connection, 2, numbers, PackedInt32Array([1, 1])), 1,
			"lanes, packed")
	var blobs: Array[PackedByteArray] = ["a".to_utf8_buffer(), "b".to_utf8_buffer()]
	var sent: Array = NetworkingSockets.sendMessagesArray(blobs, connection, RELIABLE)
	t.same(sent, [1, 2], "messages")
	var options: Array[Array] = [[24, 1, 500]]
	var other: int = NetworkingSockets.connectByIPAddress("127.0.0.1:9", options)
	t.check(other != 0, "options")
	NetworkingSockets.closeConnection(other, 0, "", false)
	NetworkingSockets.closeConnection(connection, 0, "", false)
	NetworkingSockets.closeConnection(pair.connection2, 0, "", false)
	t.no_error("nothing of that is wrong")
	t.finish(self)
