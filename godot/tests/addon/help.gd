# A plugin of the editor for the suite: opens the help of every class of ours and looks for members without a word.
@tool
extends EditorPlugin

const CLASSES: Array[String] = ["NetworkingSockets", "NetworkingSocketsContext", "NetworkingSocketsMonitor",
		"NetworkingSocketsMultiplayerPeer"]
# What the editor writes where there is nothing.
const NOTHING := "There is currently no description"
const LONGEST_SECONDS := 30.0

var checks := 0
var fails := 0


func _enter_tree() -> void:
	look.call_deferred()


func look() -> void:
	for name in CLASSES:
		await look_at(name)
	print("RESULT fails=%d checks=%d" % [fails, checks])
	get_tree().quit(fails)


func look_at(name: String) -> void:
	var begun := Time.get_ticks_msec()
	var text := ""
	# The help is put together in the background.
	while not text.contains(name) and Time.get_ticks_msec() - begun < LONGEST_SECONDS * 1000.0:
		EditorInterface.get_script_editor().goto_help("class_name:" + name)
		await get_tree().create_timer(0.5).timeout
		text = help_text(name)
	checks += 1
	var silent := text.count(NOTHING)
	var missing := members_of(name).filter(func(member: String) -> bool: return not text.contains(member))
	if silent > 0 or not missing.is_empty() or text.is_empty():
		fails += 1
		print("FAIL %s: %d members without a word, not there: %s" % [name, silent, missing])
	print("%s: %d members, %d characters" % [name, members_of(name).size(), text.length()])


func help_text(name: String) -> String:
	for page: Node in EditorInterface.get_script_editor().find_children("*", "EditorHelp", true, false):
		if page.name == name:
			for label: Node in page.find_children("*", "RichTextLabel", true, false):
				return (label as RichTextLabel).get_parsed_text()
	return ""


func members_of(name: String) -> Array:
	var members: Array = []
	for list: Array in [ClassDB.class_get_method_list(name, true), ClassDB.class_get_signal_list(name, true)]:
		for member: Dictionary in list:
			if not member.name.begins_with("_"):
				members.append(member.name)
	members.append_array(ClassDB.class_get_integer_constant_list(name, true))
	return members
