//! Buffers for the messages of one packet.

use bytes::Bytes;

/// Messages up to this size may share one buffer with the others of their packet. A message that is kept for long
/// keeps that buffer, at most one packet, with it.
const SHARED_BYTES_MAX: usize = 256;

/// Makes payloads out of the plaintext of one packet: the one copy on the way in.
#[derive(Debug, Default)]
pub(super) struct Payloads<'a> {
    plain: &'a [u8],
    shared: Option<Bytes>,
}

impl<'a> Payloads<'a> {
    /// For the messages in `plain`.
    pub(super) const fn new(plain: &'a [u8]) -> Self {
        Self { plain, shared: None }
    }

    /// For the messages in a part of a stream that is a buffer of its own: small ones share it without being copied again.
    pub(super) fn of_buffer(plain: &'a Bytes) -> Self {
        Self { plain, shared: Some(plain.clone()) }
    }

    /// A copy of `body`. Small parts of the packet share one buffer where several may follow each other.
    pub(super) fn copy(&mut self, body: &[u8]) -> Bytes {
        let room_for_more = body.len() <= self.plain.len() / 2;
        if body.is_empty() || body.len() > SHARED_BYTES_MAX || !room_for_more {
            return Bytes::copy_from_slice(body);
        }
        match self.place(body) {
            Some(place) => self.shared.get_or_insert_with(|| Bytes::copy_from_slice(self.plain)).slice(place),
            None => Bytes::copy_from_slice(body),
        }
    }

    /// Where `body` lies in the packet, if it is a part of it.
    fn place(&self, body: &[u8]) -> Option<core::ops::Range<usize>> {
        let start = (body.as_ptr() as usize).checked_sub(self.plain.as_ptr() as usize)?;
        let end = start.checked_add(body.len())?;
        (end <= self.plain.len()).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn small_parts_share_and_everything_else_is_copied() {
        let packet: Vec<u8> = (0..200).collect();
        let mut payloads = Payloads::new(&packet);
        let (a, b) = (payloads.copy(&packet[..64]), payloads.copy(&packet[64..128]));
        assert_eq!((&a[..], &b[..]), (&packet[..64], &packet[64..128]));
        assert_eq!(b.as_ptr() as usize - a.as_ptr() as usize, 64, "one buffer");
        let large = payloads.copy(&packet[..150]);
        assert_eq!((large.len(), large.is_unique()), (150, true));
        let elsewhere = vec![7; 20];
        let copy = payloads.copy(&elsewhere);
        assert_eq!((&copy[..], copy.is_unique()), (&elsewhere[..], true));
        assert!(payloads.copy(&packet[200..]).is_empty());
        drop(payloads);
        drop(a);
        assert!(b.is_unique(), "the last one keeps the buffer alone");
    }
    #[test]
    fn a_buffer_of_its_own_is_shared_as_it_is() {
        let held = Bytes::from((0..200).collect::<Vec<u8>>());
        let small = Payloads::of_buffer(&held).copy(&held[10..74]);
        assert_eq!(small.as_ptr(), held[10..].as_ptr());
        let large = Payloads::of_buffer(&held).copy(&held[10..180]);
        assert_eq!((&large[..], large.is_unique()), (&held[10..180], true));
    }
}
