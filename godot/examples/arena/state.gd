# One number for everything that is synchronised, to compare between processes.
class_name State
extends RefCounted


# Every property of every synchronizer below the node, sorted by path, and the scores.
static func collect(root: Node, scores: Dictionary[int, int]) -> Array:
	var found: Array = []
	for node: Node in root.find_children("*", "MultiplayerSynchronizer", true, false):
		var synchronizer := node as MultiplayerSynchronizer
		var subject := synchronizer.get_node(synchronizer.root_path)
		for path: NodePath in synchronizer.replication_config.get_properties():
			var owner := subject.get_node(NodePath(path.get_concatenated_names()))
			var value: Variant = owner.get_indexed(NodePath(path.get_concatenated_subnames()))
			found.append([str(root.get_path_to(owner)), str(path.get_concatenated_subnames()), value])
	found.sort_custom(func(a: Array, b: Array) -> bool: return [a[0], a[1]] < [b[0], b[1]])
	var peers: Array = scores.keys()
	peers.sort()
	for peer: int in peers:
		found.append(["score", peer, scores[peer]])
	return found


static func hash_of(state: Array) -> String:
	var hashing := HashingContext.new()
	hashing.start(HashingContext.HASH_SHA256)
	hashing.update(var_to_bytes(state))
	return hashing.finish().hex_encode().left(16)
