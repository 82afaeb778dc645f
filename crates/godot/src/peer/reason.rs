//! Why a peer went, as a number that crosses the wire.

/// Left by itself, or the session was closed.
pub(super) const LEFT: u32 = 1100;
/// `disconnect_peer`.
pub(super) const DISCONNECTED: u32 = 1101;
/// `refuse_new_connections` is on.
pub(super) const REFUSED: u32 = 1102;
/// As many peers as there may be.
pub(super) const FULL: u32 = 1103;
/// In a mesh: this pair is connected already.
pub(super) const TWICE: u32 = 1104;
/// Speaks another version of the greeting.
pub(super) const VERSION: u32 = 2101;
/// Sent no greeting, or not in time.
pub(super) const NO_HELLO: u32 = 2102;
/// Its unique id belongs to another peer.
pub(super) const ID_TAKEN: u32 = 2103;
/// Is not the peer, or not the kind of session, that was asked for.
pub(super) const WRONG_PEER: u32 = 2104;
/// Sent something that is no packet.
pub(super) const PROTOCOL: u32 = 2105;
/// Has more unfinished packets than there may be.
pub(super) const TOO_MUCH: u32 = 2106;
/// The host name has no address, or none of its addresses can be talked to. Crosses no wire.
pub(super) const NO_HOST: u32 = 2107;

/// What the side that called `disconnect_peer` is told.
pub(super) const DISCONNECTED_HERE: &str = "disconnected by this side";

/// A sentence for the peer's log.
pub(super) const fn text(reason: u32) -> &'static str {
    match reason {
        LEFT => "left",
        DISCONNECTED => "disconnected by the other side",
        REFUSED => "new connections are refused",
        FULL => "the session is full",
        TWICE => "this pair is connected already",
        VERSION => "another version of the multiplayer peer",
        NO_HELLO => "no greeting",
        ID_TAKEN => "the unique id is taken",
        WRONG_PEER => "not the peer that was asked for",
        PROTOCOL => "not a packet of the multiplayer peer",
        TOO_MUCH => "too many unfinished packets",
        NO_HOST => "the host name has no address",
        _ => "ended",
    }
}
