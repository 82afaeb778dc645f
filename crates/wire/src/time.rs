//! Time as a value.
//!
//! Nothing below the driver reads a clock: every function that depends on time takes a [`Timestamp`].

use core::fmt;
use core::num::NonZeroU64;
use core::ops::Add;
use core::time::Duration;

/// A moment in microseconds since an epoch that only its maker knows (protocol.md §0).
///
/// Two timestamps compare only if they come from the same clock. On the wire they travel as opaque echo
/// values. Zero does not exist, so `Option<Timestamp>` takes eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroU64);

impl Timestamp {
    /// The earliest moment that can be represented.
    pub const MIN: Self = Self(NonZeroU64::MIN);
    /// The latest moment that can be represented; used where "never" has to be a moment.
    pub const MAX: Self = Self(NonZeroU64::MAX);

    /// The moment `us` microseconds after the epoch; 0 becomes 1.
    #[inline]
    pub const fn from_micros(us: u64) -> Self {
        match NonZeroU64::new(us) {
            Some(us) => Self(us),
            None => Self::MIN,
        }
    }

    /// Microseconds since the epoch, at least 1.
    #[inline]
    pub const fn as_micros(self) -> u64 {
        self.0.get()
    }

    /// How long after `earlier` this moment is; zero if it is not later.
    #[inline]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros_since(earlier))
    }

    /// Microseconds by which this moment is after `earlier`; zero if it is not later.
    #[inline]
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.0.get().saturating_sub(earlier.0.get())
    }

    /// The moment `us` microseconds later, at most [`Timestamp::MAX`].
    #[inline]
    pub const fn plus_micros(self, us: u64) -> Self {
        Self(self.0.saturating_add(us))
    }

    /// The moment `us` microseconds earlier, at least [`Timestamp::MIN`].
    #[inline]
    pub const fn minus_micros(self, us: u64) -> Self {
        Self::from_micros(self.0.get().saturating_sub(us))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at [`Timestamp::MAX`]; fractions of a microsecond are cut off.
    #[inline]
    fn add(self, rhs: Duration) -> Self {
        self.plus_micros(u64::try_from(rhs.as_micros()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Timestamp {
    /// Seconds with six decimals, as in `12.000345s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.as_micros();
        write!(f, "{}.{:06}s", us / 1_000_000, us % 1_000_000)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_becomes_one_and_option_is_small() {
        assert_eq!(Timestamp::from_micros(0).as_micros(), 1);
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let a = Timestamp::from_micros(1_000);
        let b = a.plus_micros(250);
        assert_eq!(b.micros_since(a), 250);
        assert_eq!(a.micros_since(b), 0);
        assert_eq!(b.saturating_since(a), Duration::from_micros(250));
        assert_eq!(Timestamp::MAX.plus_micros(1), Timestamp::MAX);
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(a.minus_micros(5_000), Timestamp::MIN);
        assert_eq!(a.minus_micros(400), Timestamp::from_micros(600));
        assert_eq!(a + Duration::from_nanos(1_999), Timestamp::from_micros(1_001));
    }

    #[test]
    fn prints_as_seconds() {
        assert_eq!(format!("{}", Timestamp::from_micros(12_000_345)), "12.000345s");
    }
}
