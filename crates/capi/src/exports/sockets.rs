//! The sockets interface.

use crate::abi::structs::{
    AuthStatus, ConfigValue, ConnInfo, ErrMsg, FakeIPResult, HostedAddress, IPAddr, Identity, LaneStatus,
    RealTimeStatus, ServerLogin, Ticket,
};
use crate::ffi::callbacks::{CustomOnConnectRequest, CustomRelease, CustomSendRejection, CustomSendSignal};
use crate::ffi::message::MessageArray;
use crate::ffi::objects::{FakeUDPPort, Interface, RecvContext, Signaling, Sockets};
use crate::ffi::ptr::{Bytes, In, Opaque, Out, Room, Text, TextRoom};
use crate::imp::{calls, connections, later, status};

exports! {
    SOCKETS:
    /// Listens at an address; all zeros is every address of the machine. 0 if the port is 0 or taken, or an
    /// option is wrong.
    SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(
        this: Interface<Sockets>,
        local_address: In<'_, IPAddr>,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = connections::listen_ip;
    /// Starts connecting. 0 for port 0, no socket, or a wrong option.
    SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress(
        this: Interface<Sockets>,
        address: In<'_, IPAddr>,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = connections::connect_ip;
    /// 0: connections between peers are not part of this library yet.
    SteamAPI_ISteamNetworkingSockets_CreateListenSocketP2P(
        this: Interface<Sockets>,
        local_virtual_port: i32,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = later::listen_p2p;
    /// 0: connections between peers are not part of this library yet.
    SteamAPI_ISteamNetworkingSockets_ConnectP2P(
        this: Interface<Sockets>,
        identity_remote: In<'_, Identity>,
        remote_virtual_port: i32,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = later::connect_p2p;
    /// Accepts a connection that came in. 1; 8 bad handle or not incoming; 11 wrong state; 36 the key
    /// exchange fails.
    SteamAPI_ISteamNetworkingSockets_AcceptConnection(
        this: Interface<Sockets>,
        conn: u32,
    ) -> i32 = connections::accept;
    /// Closes a connection; the handle dies. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_CloseConnection(
        this: Interface<Sockets>,
        peer: u32,
        reason: i32,
        debug: Text<'_>,
        enable_linger: bool,
    ) -> bool = connections::close;
    /// Stops listening; all connections that came in die without goodbye. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_CloseListenSocket(
        this: Interface<Sockets>,
        socket: u32,
    ) -> bool = connections::close_listen_socket;
    /// Keeps a number with the connection. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_SetConnectionUserData(
        this: Interface<Sockets>,
        peer: u32,
        user_data: i64,
    ) -> bool = status::set_user_data;
    /// The number kept; -1 unless set, and for a bad handle.
    SteamAPI_ISteamNetworkingSockets_GetConnectionUserData(
        this: Interface<Sockets>,
        peer: u32,
    ) -> i64 = status::user_data;
    /// Names the connection in logs; cut after 31 bytes.
    SteamAPI_ISteamNetworkingSockets_SetConnectionName(
        this: Interface<Sockets>,
        peer: u32,
        name: Text<'_>,
    ) = status::set_name;
    /// The name, at most `max_len` bytes with its end. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_GetConnectionName(
        this: Interface<Sockets>,
        peer: u32,
        name: TextRoom<'_>,
        max_len: i32,
    ) -> bool = status::name;
    /// Sends a copy of the bytes on lane 0. 1; 8 bad handle or too big; 3 over; 25 buffer full; 41 dropped
    /// as asked.
    SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
        this: Interface<Sockets>,
        conn: u32,
        data: Bytes<'_>,
        data_len: u32,
        send_flags: i32,
        message_number: Out<'_, i64>,
    ) -> i32 = calls::send;
    /// Sends messages from AllocateMessage, which become the library's. Results: the number; minus the
    /// reason; 0 not tried after a failure on the same connection.
    SteamAPI_ISteamNetworkingSockets_SendMessages(
        this: Interface<Sockets>,
        messages_count: i32,
        messages: MessageArray<'_>,
        message_number_or_result: Out<'_, i64>,
        delete_failed_messages: bool,
    ) = calls::send_messages;
    /// Lets messages that wait for company go. 1; 8 bad handle; 3 over; 41 not connected yet.
    SteamAPI_ISteamNetworkingSockets_FlushMessagesOnConnection(
        this: Interface<Sockets>,
        conn: u32,
    ) -> i32 = calls::flush;
    /// Fetches up to `max_messages` messages, oldest first; release each. How many, or -1 for a bad handle.
    SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(
        this: Interface<Sockets>,
        conn: u32,
        messages: MessageArray<'_>,
        max_messages: i32,
    ) -> i32 = calls::receive;
    /// Facts about a connection. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_GetConnectionInfo(
        this: Interface<Sockets>,
        conn: u32,
        info: Out<'_, ConnInfo>,
    ) -> bool = status::info;
    /// Figures of a connection and of its first lanes. 1; 3 bad handle; 8 no such lanes.
    SteamAPI_ISteamNetworkingSockets_GetConnectionRealTimeStatus(
        this: Interface<Sockets>,
        conn: u32,
        stats: Out<'_, RealTimeStatus>,
        lanes_count: i32,
        lanes: Out<'_, LaneStatus>,
    ) -> i32 = status::real_time;
    /// Everything as text. 0; -1 bad handle; above that the size to try again with.
    SteamAPI_ISteamNetworkingSockets_GetDetailedConnectionStatus(
        this: Interface<Sockets>,
        conn: u32,
        buf: TextRoom<'_>,
        buf_len: i32,
    ) -> i32 = status::detailed;
    /// The address of a listen socket. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_GetListenSocketAddress(
        this: Interface<Sockets>,
        socket: u32,
        address: Out<'_, IPAddr>,
    ) -> bool = connections::listen_socket_address;
    /// Two connections with each other, over the network of this machine or inside the process. Identity n
    /// is whom connection n sees.
    SteamAPI_ISteamNetworkingSockets_CreateSocketPair(
        this: Interface<Sockets>,
        connection1: Out<'_, u32>,
        connection2: Out<'_, u32>,
        use_network_loopback: bool,
        identity1: In<'_, Identity>,
        identity2: In<'_, Identity>,
    ) -> bool = connections::socket_pair;
    /// Sets number, priorities (smaller first) and weights of lanes. 1; 3 bad handle; 11 over; 8 nonsense;
    /// 2 the peer knows no lanes.
    SteamAPI_ISteamNetworkingSockets_ConfigureConnectionLanes(
        this: Interface<Sockets>,
        conn: u32,
        num_lanes: i32,
        lane_priorities: In<'_, i32>,
        lane_weights: In<'_, u16>,
    ) -> i32 = connections::lanes;
    /// Who we are.
    SteamAPI_ISteamNetworkingSockets_GetIdentity(
        this: Interface<Sockets>,
        identity: Out<'_, Identity>,
    ) -> bool = connections::identity;
    /// How ready we are to prove who we are: 100 with a certificate, else -102.
    SteamAPI_ISteamNetworkingSockets_InitAuthentication(
        this: Interface<Sockets>,
    ) -> i32 = connections::init_authentication;
    /// The same with a sentence.
    SteamAPI_ISteamNetworkingSockets_GetAuthenticationStatus(
        this: Interface<Sockets>,
        details: Out<'_, AuthStatus>,
    ) -> i32 = connections::authentication_status;
    /// Makes a poll group; 0 if there are too many.
    SteamAPI_ISteamNetworkingSockets_CreatePollGroup(
        this: Interface<Sockets>,
    ) -> u32 = connections::create_poll_group;
    /// Destroys a poll group; its connections stay. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_DestroyPollGroup(
        this: Interface<Sockets>,
        poll_group: u32,
    ) -> bool = connections::destroy_poll_group;
    /// Puts a connection into a poll group, or with 0 into none. False for a bad handle.
    SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup(
        this: Interface<Sockets>,
        conn: u32,
        poll_group: u32,
    ) -> bool = connections::set_poll_group;
    /// Fetches messages of all connections in a group. How many, or -1 for a bad handle.
    SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup(
        this: Interface<Sockets>,
        poll_group: u32,
        messages: MessageArray<'_>,
        max_messages: i32,
    ) -> i32 = calls::receive_on_group;
    /// False: there are no tickets in this library yet.
    SteamAPI_ISteamNetworkingSockets_ReceivedRelayAuthTicket(
        this: Interface<Sockets>,
        ticket: Bytes<'_>,
        ticket_len: i32,
        parsed_ticket: Out<'_, Ticket>,
    ) -> bool = later::received_ticket;
    /// 0: there are no tickets in this library yet.
    SteamAPI_ISteamNetworkingSockets_FindRelayAuthTicketForServer(
        this: Interface<Sockets>,
        identity_game_server: In<'_, Identity>,
        remote_virtual_port: i32,
        parsed_ticket: Out<'_, Ticket>,
    ) -> i32 = later::find_ticket;
    /// 0: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingSockets_ConnectToHostedDedicatedServer(
        this: Interface<Sockets>,
        identity_target: In<'_, Identity>,
        remote_virtual_port: i32,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = later::connect_hosted;
    /// 0: there are no hosted servers in this library yet.
    SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerPort(
        this: Interface<Sockets>,
    ) -> u16 = later::hosted_port;
    /// 0: there are no hosted servers in this library yet.
    SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerPOPID(
        this: Interface<Sockets>,
    ) -> u32 = later::hosted_pop;
    /// 2: there are no hosted servers in this library yet.
    SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerAddress(
        this: Interface<Sockets>,
        routing: Out<'_, HostedAddress>,
    ) -> i32 = later::hosted_address;
    /// 0: there are no hosted servers in this library yet.
    SteamAPI_ISteamNetworkingSockets_CreateHostedDedicatedServerListenSocket(
        this: Interface<Sockets>,
        local_virtual_port: i32,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = later::listen_hosted;
    /// 2: there are no hosted servers in this library yet.
    SteamAPI_ISteamNetworkingSockets_GetGameCoordinatorServerLogin(
        this: Interface<Sockets>,
        login_info: Out<'_, ServerLogin>,
        signed_blob_size_inout: Out<'_, i32>,
        blob: Room<'_>,
    ) -> i32 = later::server_login;
    /// 0, and the signaling is released: connections between peers are not part of this library yet.
    SteamAPI_ISteamNetworkingSockets_ConnectP2PCustomSignaling(
        this: Interface<Sockets>,
        signaling: Interface<Signaling>,
        peer_identity: In<'_, Identity>,
        remote_virtual_port: i32,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = later::connect_custom;
    /// False: connections between peers are not part of this library yet.
    SteamAPI_ISteamNetworkingSockets_ReceivedP2PCustomSignal(
        this: Interface<Sockets>,
        msg: Bytes<'_>,
        msg_len: i32,
        context: Interface<RecvContext>,
    ) -> bool = later::received_signal;
    /// A request for a certificate. Without buffer only its size; false if the buffer is too small, with
    /// the size needed.
    SteamAPI_ISteamNetworkingSockets_GetCertificateRequest(
        this: Interface<Sockets>,
        blob_size_inout: Out<'_, i32>,
        blob: Room<'_>,
        err_msg: Out<'_, ErrMsg>,
    ) -> bool = connections::certificate_request;
    /// Installs a certificate that an authority made for us. False with a text if it is not good.
    SteamAPI_ISteamNetworkingSockets_SetCertificate(
        this: Interface<Sockets>,
        certificate: Bytes<'_>,
        certificate_len: i32,
        err_msg: Out<'_, ErrMsg>,
    ) -> bool = connections::set_certificate;
    /// Calls the callbacks for everything that happened since the last time.
    SteamAPI_ISteamNetworkingSockets_RunCallbacks(this: Interface<Sockets>) = connections::run_callbacks;
    /// Makes a signaling object of a pointer and two functions. It frees itself when it is released.
    SteamAPI_ISteamNetworkingSockets_CreateCustomSignaling(
        ctx: Opaque,
        send_signal: CustomSendSignal,
        release: CustomRelease,
    ) -> Interface<Signaling> = later::create_signaling;
    /// False: connections between peers are not part of this library yet.
    SteamAPI_ISteamNetworkingSockets_ReceivedP2PCustomSignal2(
        this: Interface<Sockets>,
        msg: Bytes<'_>,
        msg_len: i32,
        ctx: Opaque,
        on_connect_request: CustomOnConnectRequest,
        send_rejection_signal: CustomSendRejection,
    ) -> bool = later::received_signal_functions;
    /// Ends everything and becomes somebody else; null for nobody in particular.
    SteamAPI_ISteamNetworkingSockets_ResetIdentity(
        this: Interface<Sockets>,
        identity: In<'_, Identity>,
    ) = connections::reset_identity;
    /// False: there are no fake addresses in this library yet.
    SteamAPI_ISteamNetworkingSockets_BeginAsyncRequestFakeIP(
        this: Interface<Sockets>,
        num_ports: i32,
    ) -> bool = later::request_fake_ip;
    /// 42 as result: there are no fake addresses in this library yet.
    SteamAPI_ISteamNetworkingSockets_GetFakeIP(
        this: Interface<Sockets>,
        idx_first_port: i32,
        info: Out<'_, FakeIPResult>,
    ) = later::fake_ip;
    /// 0: there are no fake addresses in this library yet.
    SteamAPI_ISteamNetworkingSockets_CreateListenSocketP2PFakeIP(
        this: Interface<Sockets>,
        idx_fake_port: i32,
        options_count: i32,
        options: In<'_, ConfigValue>,
    ) -> u32 = later::listen_fake_ip;
    /// 31: the connection has no fake address; 8 bad handle.
    SteamAPI_ISteamNetworkingSockets_GetRemoteFakeIPForConnection(
        this: Interface<Sockets>,
        conn: u32,
        addr: Out<'_, IPAddr>,
    ) -> i32 = later::remote_fake_ip;
    /// Null: there are no fake addresses in this library yet.
    SteamAPI_ISteamNetworkingSockets_CreateFakeUDPPort(
        this: Interface<Sockets>,
        idx_fake_server_port: i32,
    ) -> Interface<FakeUDPPort> = later::fake_port;
}
