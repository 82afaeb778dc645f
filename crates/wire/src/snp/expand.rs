//! Bringing shortened numbers back to full width.
//!
//! All numbers stay within [`MAX_NUMBER`], so that callers may add small amounts without a second thought.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use super::{AckLatest, NumberField, PositionField};

/// Largest message number, stream position or packet number: they are signed 64-bit numbers in the API.
pub const MAX_NUMBER: u64 = i64::MAX as u64;

/// The full message number (protocol.md §3.2).
///
/// For the two shortened forms `base` is the highest number seen on the lane, and the result is the number
/// nearest to it. For the two later forms `base` is the running number of the packet. `None` if the result
/// would be below 1 or above [`MAX_NUMBER`].
#[inline]
pub fn expand_number(base: u64, field: NumberField) -> Option<u64> {
    let number = match field {
        NumberField::Low16(low) => nearest16(base, low),
        NumberField::Low32(low) => nearest32(base, low),
        NumberField::Next => base.checked_add(1),
        NumberField::Delta(delta) => base.checked_add(delta),
    };
    number.filter(|n| (1..=MAX_NUMBER).contains(n))
}

/// The full stream position (protocol.md §3.3).
///
/// For the three shortened forms `base` is the position the receiver expects next: what it delivered plus
/// what it has buffered without a gap. A result half a range below that is moved one range up; there is no
/// move down, so 24 and 32 bits are misread just below a multiple of their range. For the two later forms
/// `base` is the end of the previous segment. `None` if the result would be below 1 or above
/// [`MAX_NUMBER`].
#[inline]
pub fn expand_position(base: u64, field: PositionField) -> Option<u64> {
    let position = match field {
        PositionField::Low24(low) => at_or_above(base, low.into(), 0xff_ffff),
        PositionField::Low32(low) => at_or_above(base, low.into(), 0xffff_ffff),
        PositionField::Low48(low) => at_or_above(base, low, 0xffff_ffff_ffff),
        PositionField::Follows => Some(base),
        PositionField::Gap(gap) => base.checked_add(gap.into()),
    };
    position.filter(|p| (1..=MAX_NUMBER).contains(p))
}

/// The full number of the newest packet an acknowledgement speaks of: the one nearest to `next_send`, the
/// number this side's next packet will have (protocol.md §3.6). `None` if it would be below 0.
///
/// A result of `next_send` or above means that the peer acknowledges what was never sent; what to do about
/// that is the caller's decision.
#[inline]
pub fn expand_ack_latest(next_send: u64, latest: AckLatest) -> Option<u64> {
    let number = match latest {
        AckLatest::Low16(low) => nearest16(next_send, low),
        AckLatest::Low32(low) => nearest32(next_send, low),
    };
    number.filter(|&n| n <= MAX_NUMBER)
}

/// The value of a stop-waiting frame with this offset in packet `packet` (protocol.md §3.5). `None` if it
/// would be negative.
#[inline]
pub const fn stop_waiting_value(packet: u64, offset: u64) -> Option<u64> {
    match packet.checked_sub(offset) {
        Some(above) => above.checked_sub(1),
        None => None,
    }
}

#[inline]
fn nearest16(base: u64, low: u16) -> Option<u64> {
    let difference = low.wrapping_sub(base as u16).cast_signed();
    base.checked_add_signed(difference.into())
}

#[inline]
fn nearest32(base: u64, low: u32) -> Option<u64> {
    let difference = low.wrapping_sub(base as u32).cast_signed();
    base.checked_add_signed(difference.into())
}

#[inline]
fn at_or_above(expected: u64, low: u64, mask: u64) -> Option<u64> {
    let position = (expected & !mask).checked_add(low & mask)?;
    if position.checked_add(mask.wrapping_shr(1))? < expected {
        position.checked_add(mask)?.checked_add(1)
    } else {
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The number with the given low bits nearest to `base`, by looking at all three candidates. Half a
    /// range away counts as below.
    fn nearest_model(base: u64, low: u64, bits: u32) -> Option<u64> {
        let range = 1i128 << bits;
        let base = i128::from(base);
        let here = base - base.rem_euclid(range) + i128::from(low);
        let nearest = [here - range, here, here + range].into_iter().min_by_key(|c| ((c - base).abs(), *c));
        nearest.and_then(|n| u64::try_from(n).ok()).filter(|&n| n <= MAX_NUMBER)
    }

    fn position_model(expected: u64, low: u64, bits: u32) -> Option<u64> {
        let range = 1i128 << bits;
        let expected = i128::from(expected);
        let mut position = expected - expected.rem_euclid(range) + i128::from(low);
        if position + (range - 1) / 2 < expected {
            position += range;
        }
        u64::try_from(position).ok().filter(|p| (1..=MAX_NUMBER).contains(p))
    }

    fn any_base() -> impl Strategy<Value = u64> {
        (0u32..63, any::<u64>(), 0u64..6).prop_map(|(shift, raw, add)| match raw % 3 {
            0 => raw >> (shift + 1),
            _ => ((1u64 << shift) + add).saturating_sub(3),
        })
    }

    #[test]
    fn the_first_message_and_the_edge_of_zero() {
        assert_eq!(expand_number(0, NumberField::Low16(1)), Some(1));
        assert_eq!(expand_number(0, NumberField::Low16(0)), None);
        assert_eq!(expand_number(0, NumberField::Low16(0xfffe)), None);
        assert_eq!(expand_number(0, NumberField::Low32(u32::MAX)), None);
        assert_eq!(expand_number(0x1_0000, NumberField::Low16(0xffff)), Some(0xffff));
        assert_eq!(expand_number(5, NumberField::Next), Some(6));
        assert_eq!(expand_number(5, NumberField::Delta(0)), Some(5));
        assert_eq!(expand_number(5, NumberField::Delta(u64::MAX)), None);
        assert_eq!(expand_number(MAX_NUMBER, NumberField::Next), None);
    }

    #[test]
    fn positions_are_moved_up_only() {
        assert_eq!(expand_position(1, PositionField::Low24(1)), Some(1));
        assert_eq!(expand_position(1, PositionField::Low24(0)), None);
        // Just above a boundary a byte below it looks as if it were far ahead.
        assert_eq!(expand_position(0x100_0005, PositionField::Low24(0xff_ffff)), Some(0x1ff_ffff));
        assert_eq!(expand_position(0x100_0005, PositionField::Low48(0xff_ffff)), Some(0xff_ffff));
        // Just below a boundary a byte above it is found.
        assert_eq!(expand_position(0xff_fff0, PositionField::Low24(3)), Some(0x100_0003));
        assert_eq!(expand_position(70, PositionField::Follows), Some(70));
        assert_eq!(expand_position(70, PositionField::Gap(5)), Some(75));
        assert_eq!(expand_position(MAX_NUMBER, PositionField::Gap(1)), None);
    }

    #[test]
    fn acknowledgements_may_reach_packet_zero() {
        assert_eq!(expand_ack_latest(2, AckLatest::Low16(1)), Some(1));
        assert_eq!(expand_ack_latest(2, AckLatest::Low16(0)), Some(0));
        assert_eq!(expand_ack_latest(2, AckLatest::Low16(0xffff)), None);
        assert_eq!(expand_ack_latest(0x1_0002, AckLatest::Low16(0xffff)), Some(0xffff));
        assert_eq!(expand_ack_latest(2, AckLatest::Low32(9)), Some(9));
    }

    #[test]
    fn stop_waiting_values() {
        assert_eq!(stop_waiting_value(2, 1), Some(0));
        assert_eq!(stop_waiting_value(14, 0), Some(13));
        assert_eq!(stop_waiting_value(258, 256), Some(1));
        assert_eq!(stop_waiting_value(2, 2), None);
        assert_eq!(stop_waiting_value(2, u64::MAX), None);
        assert_eq!(stop_waiting_value(0, 0), None);
    }

    proptest! {
        #[test]
        fn numbers_agree_with_the_model(base in any_base(), low: u32) {
            let positive = |n: Option<u64>| n.filter(|&n| n >= 1);
            let (narrow, wide) = (low as u16, low);
            let model16 = nearest_model(base, narrow.into(), 16);
            let model32 = nearest_model(base, wide.into(), 32);
            prop_assert_eq!(expand_number(base, NumberField::Low16(narrow)), positive(model16));
            prop_assert_eq!(expand_number(base, NumberField::Low32(wide)), positive(model32));
            prop_assert_eq!(expand_ack_latest(base, AckLatest::Low16(narrow)), model16);
            prop_assert_eq!(expand_ack_latest(base, AckLatest::Low32(wide)), model32);
        }

        #[test]
        fn positions_agree_with_the_model(expected in any_base(), low: u64) {
            let (low24, low32, low48) = (low as u32 & 0xff_ffff, low as u32, low & 0xffff_ffff_ffff);
            prop_assert_eq!(
                expand_position(expected, PositionField::Low24(low24)),
                position_model(expected, low24.into(), 24)
            );
            prop_assert_eq!(
                expand_position(expected, PositionField::Low32(low32)),
                position_model(expected, low32.into(), 32)
            );
            prop_assert_eq!(
                expand_position(expected, PositionField::Low48(low48)),
                position_model(expected, low48, 48)
            );
        }

        #[test]
        fn what_is_near_comes_back(base in 1u64..MAX_NUMBER - (1 << 20), ahead in -0x7fffi64..0x7fff) {
            if let Some(number) = base.checked_add_signed(ahead).filter(|&n| n >= 1) {
                prop_assert_eq!(expand_number(base, NumberField::Low16(number as u16)), Some(number));
                prop_assert_eq!(expand_number(base, NumberField::Low32(number as u32)), Some(number));
                prop_assert_eq!(expand_position(base, PositionField::Low48(number & 0xffff_ffff_ffff)),
                    position_model(base, number & 0xffff_ffff_ffff, 48));
            }
        }

        #[test]
        fn stop_waiting_inverts(packet in 1u64.., value: u64) {
            if let Some(offset) = packet.checked_sub(1).and_then(|below| below.checked_sub(value)) {
                prop_assert_eq!(stop_waiting_value(packet, offset), Some(value));
            }
        }

        #[test]
        fn nothing_panics(base: u64, low: u64, offset: u64) {
            for field in [NumberField::Low16(low as u16), NumberField::Low32(low as u32), NumberField::Next,
                NumberField::Delta(low)] {
                let _ = expand_number(base, field);
            }
            for field in [PositionField::Low24(low as u32), PositionField::Low32(low as u32),
                PositionField::Low48(low), PositionField::Follows, PositionField::Gap(low as u32)] {
                let _ = expand_position(base, field);
            }
            let _ = stop_waiting_value(base, offset);
        }
    }
}
