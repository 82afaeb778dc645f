//! The messages interface, and ports for datagrams to fake addresses.

use crate::abi::structs::{ConnInfo, IPAddr, Identity, RealTimeStatus};
use crate::ffi::message::MessageArray;
use crate::ffi::objects::{FakeUDPPort, Interface, Messages};
use crate::ffi::ptr::{Bytes, In, Out};
use crate::imp::{later, messages};

exports! {
    MESSAGES:
    /// 2: connections between peers are not part of this library yet. 8 for a bad identity or size.
    SteamAPI_ISteamNetworkingMessages_SendMessageToUser(
        this: Interface<Messages>,
        identity_remote: In<'_, Identity>,
        data: Bytes<'_>,
        data_len: u32,
        send_flags: i32,
        remote_channel: i32,
    ) -> i32 = messages::send;
    /// 0: there are no sessions.
    SteamAPI_ISteamNetworkingMessages_ReceiveMessagesOnChannel(
        this: Interface<Messages>,
        local_channel: i32,
        messages: MessageArray<'_>,
        max_messages: i32,
    ) -> i32 = messages::receive;
    /// False: there are no sessions.
    SteamAPI_ISteamNetworkingMessages_AcceptSessionWithUser(
        this: Interface<Messages>,
        identity_remote: In<'_, Identity>,
    ) -> bool = messages::accept;
    /// False: there are no sessions.
    SteamAPI_ISteamNetworkingMessages_CloseSessionWithUser(
        this: Interface<Messages>,
        identity_remote: In<'_, Identity>,
    ) -> bool = messages::close;
    /// False: there are no sessions.
    SteamAPI_ISteamNetworkingMessages_CloseChannelWithUser(
        this: Interface<Messages>,
        identity_remote: In<'_, Identity>,
        local_channel: i32,
    ) -> bool = messages::close_channel;
    /// 0: there are no sessions; what it fills in is zero.
    SteamAPI_ISteamNetworkingMessages_GetSessionConnectionInfo(
        this: Interface<Messages>,
        identity_remote: In<'_, Identity>,
        connection_info: Out<'_, ConnInfo>,
        quick_status: Out<'_, RealTimeStatus>,
    ) -> i32 = messages::info;
    /// Nothing: there are no such ports in this library yet.
    SteamAPI_ISteamNetworkingFakeUDPPort_DestroyFakeUDPPort(
        this: Interface<FakeUDPPort>,
    ) = later::port_destroy;
    /// 80: there are no such ports in this library yet.
    SteamAPI_ISteamNetworkingFakeUDPPort_SendMessageToFakeIP(
        this: Interface<FakeUDPPort>,
        remote_address: In<'_, IPAddr>,
        data: Bytes<'_>,
        data_len: u32,
        send_flags: i32,
    ) -> i32 = later::port_send;
    /// 0: there are no such ports in this library yet.
    SteamAPI_ISteamNetworkingFakeUDPPort_ReceiveMessages(
        this: Interface<FakeUDPPort>,
        messages: MessageArray<'_>,
        max_messages: i32,
    ) -> i32 = later::port_receive;
    /// Nothing: there are no such ports in this library yet.
    SteamAPI_ISteamNetworkingFakeUDPPort_ScheduleCleanup(
        this: Interface<FakeUDPPort>,
        remote_address: In<'_, IPAddr>,
    ) = later::port_cleanup;
}
