//! Every maximum of the multiplayer peer.

use std::time::Duration;

/// Channels 0 to 63.
pub(super) const CHANNELS_MAX: u8 = 64;
/// The largest packet. RPCs and synchronised states of whole levels stay far below it.
pub(super) const PACKET_BYTES_MAX: usize = 8 << 20;
/// Between these two, bytes per second, the transport estimates what the path takes: the upper one is no limit.
pub(super) const SEND_RATES: [i32; 2] = [64 << 10, 256 << 20];
/// Payload of one message; larger packets are sent in several. Small enough that other lanes get their turn.
pub(super) const PART_BYTES_MAX: usize = 256 << 10;
/// What waits to be sent to one peer. It holds a packet of every size, and then some.
pub(super) const SEND_BYTES_MAX: i32 = 16 << 20;
/// What waits, received by the transport, until the game polls: per peer.
pub(super) const RECV_BYTES_MAX: i32 = 4 << 20;
/// The same, in messages.
pub(super) const RECV_MESSAGES_MAX: i32 = 16 << 10;
/// Unfinished packets of one peer: one of the largest on each of eight channels.
pub(super) const UNFINISHED_BYTES_MAX: usize = 8 * PACKET_BYTES_MAX;
/// Unfinished packets of all peers.
pub(super) const UNFINISHED_TOTAL_MAX: usize = 256 << 20;
/// Packets that wait for `get_packet`: beyond it nothing is taken from the transport, which then makes peers wait.
pub(super) const QUEUE_PACKETS_MAX: usize = 64 << 10;
/// The same, in bytes. One batch more than this may be there.
pub(super) const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Threads whose last packets are kept, as the engine reads them where they are.
pub(super) const READERS_MAX: usize = 64;
/// Messages taken from the transport at a time.
pub(super) const BATCH: usize = 64;
/// Peers of a server or mesh, as with ENet.
pub(super) const PEERS_MAX: usize = 4095;
/// How long the packets of a peer that ended wait for a game that does not read them. Then its end is told.
pub(super) const UNREAD_TIME: Duration = Duration::from_secs(10);
/// From the start of a connection to the end of the exchange of greetings; beyond it the link is given up. Longer than
/// the transport takes to give up an address where nobody answers, 10 s.
pub(super) const HELLO_TIME: Duration = Duration::from_secs(20);
/// Addresses of one host name that are tried.
pub(super) const ADDRESSES_MAX: usize = 4;
/// So long, in milliseconds, an address of a name is tried while there are others. The last one gets all the time.
pub(super) const ADDRESS_TIME_MS: i32 = 2000;
/// The longest host name, in bytes, as in the domain name system.
pub(super) const NAME_BYTES_MAX: usize = 253;
