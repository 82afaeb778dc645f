# The functions that a chat has no use for, and what they answer.
#
# Those under LATER cannot do anything yet, because their services do not exist, or nothing was given to them: each
# says so with one error line.
class_name Tour
extends RefCounted

const LATER: Array[String] = ["connectP2P", "connectToHostedDedicatedServer", "createFakeUDPPort",
		"createHostedDedicatedServerListenSocket", "createListenSocketP2P", "createListenSocketP2PFakeIP",
		"receivedRelayAuthTicket", "setCertificate"]


# Name and answer of each, in the order of the page.
static func walk(connection: int) -> Array[Array]:
	var answers: Array[Array] = []
	var add := func(name: String, answer: Variant) -> void: answers.append([name, answer])
	NetworkingSockets.setGenericString("peer", "peer")
	add.call("beginAsyncRequestFakeIP", NetworkingSockets.beginAsyncRequestFakeIP(1))
	add.call("getFakeIP", NetworkingSockets.getFakeIP(0))
	add.call("connectP2P", NetworkingSockets.connectP2P("peer", 0, []))
	add.call("connectToHostedDedicatedServer", NetworkingSockets.connectToHostedDedicatedServer("peer", 0, []))
	NetworkingSockets.createFakeUDPPort(0)
	add.call("createFakeUDPPort", null)
	add.call("createHostedDedicatedServerListenSocket", NetworkingSockets.createHostedDedicatedServerListenSocket(0, []))
	add.call("createListenSocketP2P", NetworkingSockets.createListenSocketP2P(0, []))
	add.call("createListenSocketP2PFakeIP", NetworkingSockets.createListenSocketP2PFakeIP(0, []))
	add.call("getRemoteFakeIPForConnection", NetworkingSockets.getRemoteFakeIPForConnection(connection))
	add.call("findRelayAuthTicketForServer", NetworkingSockets.findRelayAuthTicketForServer(0, 0))
	add.call("receivedRelayAuthTicket", NetworkingSockets.receivedRelayAuthTicket())
	add.call("getGameCoordinatorServerLogin", NetworkingSockets.getGameCoordinatorServerLogin())
	add.call("getHostedDedicatedServerAddress", NetworkingSockets.getHostedDedicatedServerAddress())
	add.call("getHostedDedicatedServerPOPId", NetworkingSockets.getHostedDedicatedServerPOPId())
	add.call("getHostedDedicatedServerPort", NetworkingSockets.getHostedDedicatedServerPort())
	add.call("initAuthentication", NetworkingSockets.initAuthentication())
	add.call("getAuthenticationStatus", NetworkingSockets.getAuthenticationStatus())
	var request: Dictionary = NetworkingSockets.getCertificateRequest()
	add.call("getCertificateRequest", "%d bytes" % request.cert_size)
	add.call("setCertificate", NetworkingSockets.setCertificate(PackedByteArray()))
	NetworkingSockets.initRelayNetworkAccess()
	add.call("initRelayNetworkAccess", null)
	NetworkingSockets.run_callbacks()
	add.call("run_callbacks", null)
	return answers
