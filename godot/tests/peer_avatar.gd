# What test_peer_relay.gd spawns: a node whose position is synchronised.
extends Node2D

@export var score := 0

func _init() -> void:
	var config := SceneReplicationConfig.new()
	for path in [^".:position", ^".:score"]:
		config.add_property(path)
	config.property_set_replication_mode(^".:position", SceneReplicationConfig.REPLICATION_MODE_ALWAYS)
	config.property_set_replication_mode(^".:score", SceneReplicationConfig.REPLICATION_MODE_ON_CHANGE)
	var synchronizer := MultiplayerSynchronizer.new()
	synchronizer.name = "Synchronizer"
	synchronizer.replication_config = config
	synchronizer.root_path = ^".."
	add_child(synchronizer)
