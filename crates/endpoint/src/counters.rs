//! What was dropped, and why: one counter per reason.

use gamesockets_proto::connection::Drop;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Counters of an endpoint since it was made. They saturate.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counters {
            /// All counters with their names, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }

            /// Each counter plus the same one of another endpoint.
            #[must_use]
            pub const fn plus(&self, other: &Self) -> Self {
                Self { $($name: self.$name.saturating_add(other.$name),)+ }
            }
        }
    };
}

counters! {
    /// Datagrams taken in.
    datagrams_in,
    /// Bytes of them.
    bytes_in,
    /// Datagrams handed out.
    datagrams_out,
    /// Bytes of them.
    bytes_out,
    /// Dropped: cannot be read.
    drop_malformed,
    /// Dropped: for another connection id.
    drop_wrong_id,
    /// Dropped: data before the handshake was done.
    drop_no_keys,
    /// Dropped: received before.
    drop_duplicate,
    /// Dropped: too far behind.
    drop_too_old,
    /// Dropped: does not open with our key.
    drop_bad_tag,
    /// Dropped: acknowledges what was never sent.
    drop_ack_of_unsent,
    /// Dropped: a handshake message that does not fit.
    drop_unexpected,
    /// Dropped: an identity that cannot be used.
    drop_identity,
    /// Dropped: for a connection that is over.
    drop_closed,
    /// Dropped: nobody is connected at that address.
    drop_unknown_host,
    /// Dropped: nobody listens on that socket.
    drop_not_listening,
    /// Connect requests with a stale or wrong challenge.
    drop_challenge,
    /// Connect requests whose certificate or key exchange was not acceptable.
    drop_handshake,
    /// Connect requests beyond the limit of waiting or existing connections.
    drop_limit,
    /// Answers not sent because too many waited.
    answers_shed,
    /// Challenges answered.
    challenges,
    /// Connections that came in.
    incoming,
    /// Connections started here.
    outgoing,
    /// Errors of sockets that the driver reported.
    socket_errors,
    /// Wake-ups by time.
    timeouts,
}

impl Counters {
    /// Counts a dropped datagram.
    pub(crate) const fn count_drop(&mut self, why: Drop) {
        let counter = match why {
            Drop::Malformed => &mut self.drop_malformed,
            Drop::WrongConnectionId(_) => &mut self.drop_wrong_id,
            Drop::NoKeys => &mut self.drop_no_keys,
            Drop::Duplicate => &mut self.drop_duplicate,
            Drop::TooOld => &mut self.drop_too_old,
            Drop::BadTag => &mut self.drop_bad_tag,
            Drop::AckOfUnsent => &mut self.drop_ack_of_unsent,
            Drop::Unexpected => &mut self.drop_unexpected,
            Drop::UnusableIdentity => &mut self.drop_identity,
            Drop::Closed => &mut self.drop_closed,
        };
        *counter = counter.saturating_add(1);
    }
}
