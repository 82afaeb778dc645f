//! Two connections of one process that talk over real sockets without a handshake (protocol.md §4.8).

use super::{Connection, Env, Role, Setup, keeps_ahead};
use crate::handshake::{
    HandshakeError, LocalHello, PeerHello, PeerPolicy, cert_message, cipher_list, derive_keys,
};
use gamesockets_wire::identity::Identity;
use gamesockets_wire::time::Timestamp;

impl Connection {
    /// Two established connections that are each other's peer. `identities[n]` is who connection n sees as its peer.
    ///
    /// # Errors
    /// The settings allow no common cipher.
    pub fn pair(
        env: &mut Env<'_>,
        now: Timestamp,
        setups: [Setup; 2],
        identities: [Identity; 2],
    ) -> Result<[Self; 2], HandshakeError> {
        let [first, second] = setups;
        let own = cipher_list(first.config.unencrypted);
        let other = cipher_list(second.config.unencrypted);
        let cipher = own.iter().copied().find(|c| other.contains(c)).ok_or(HandshakeError::NoCommonCipher)?;
        let hellos = [&first, &second]
            .map(|s| LocalHello::new(s.cert.clone(), &[cipher], keeps_ahead(&s.config), env.rng));
        let ids = [first.local_id, second.local_id];
        let policy = PeerPolicy {
            trust: env.trust,
            app_id: env.app_id,
            now_unix: env.unix_now,
            // Both ends are this process: there is nothing to prove.
            allow_unsigned: true,
            earlier_version: None,
            lanes: 1,
        };
        let [id_of_second, id_of_first] = identities;
        let verify = |h: &LocalHello| {
            let claimed = h.cert().identity().cloned().unwrap_or_else(Identity::localhost);
            PeerHello::verify(Some(&cert_message(h.cert())), Some(&h.crypt_message()), &claimed, &policy)
        };
        let [hello_a, hello_b] = &hellos;
        let (peer_a, peer_b) = (verify(hello_a)?, verify(hello_b)?);
        // The first of the two plays the server (protocol.md §2.6).
        let keys_a = derive_keys(false, (ids[0], ids[1]), hello_a, &peer_b, cipher)?;
        let keys_b = derive_keys(true, (ids[1], ids[0]), hello_b, &peer_a, cipher)?;
        let mut a = Self::new(now, Role::Paired, first);
        let mut b = Self::new(now, Role::Paired, second);
        a.remote_id = ids[1];
        b.remote_id = ids[0];
        a.remote_identity = id_of_second;
        b.remote_identity = id_of_first;
        a.establish(now, keys_a, cipher, &peer_b);
        b.establish(now, keys_b, cipher, &peer_a);
        for c in [&mut a, &mut b] {
            // A pair announces nothing when it is made.
            c.changes.clear();
            c.authenticated = false;
        }
        Ok([a, b])
    }
}
