# One end of a conversation: the singleton or a context, and the signals that it emitted.
extends RefCounted

# What is emitted when a connection changes, as it came.
class Change extends RefCounted:
	var handle: int
	var connection: Dictionary
	var old: int
	var new: int
	# Types of the arguments.
	var types: Array

var sockets: Variant
var changes: Array[Change] = []
var authentications := []
# Called for each new connection that waits for us: handle.
var on_knock := Callable()

func _init(object: Object) -> void:
	sockets = object
	sockets.network_connection_status_changed.connect(_on_changed)
	sockets.network_authentication_status.connect(_on_authentication)

# Lets go of the object.
func leave() -> void:
	sockets.network_connection_status_changed.disconnect(_on_changed)
	sockets.network_authentication_status.disconnect(_on_authentication)
	sockets = null

# Without types, so that nothing is converted on the way.
func _on_changed(connect_handle: Variant, connection: Variant, old_state: Variant) -> void:
	var change := Change.new()
	change.types = [typeof(connect_handle), typeof(connection), typeof(old_state)]
	change.handle = connect_handle
	change.connection = connection
	change.old = old_state
	change.new = connection.connection_state
	changes.append(change)
	if change.old == 0 and change.new == 1 and connection.listen_socket != 0 and on_knock.is_valid():
		on_knock.call(connect_handle)

func _on_authentication(available: Variant, debug_message: Variant) -> void:
	authentications.append([available, debug_message])

# The changes of a connection, taken out of the list.
func take(handle: int) -> Array[Change]:
	var taken := changes.filter(func(change: Change) -> bool: return change.handle == handle)
	changes = changes.filter(func(change: Change) -> bool: return change.handle != handle)
	return taken
