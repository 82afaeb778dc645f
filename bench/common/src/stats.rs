//! Medians, percentiles, and numbers for people.

/// Middle, smallest and largest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// Summary of the finite values; `None` if there are none.
#[must_use]
pub fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(Spread { median: lower.midpoint(upper), min, max })
}

/// Percentile (0 to 100) of samples in nanoseconds, in microseconds; sorts them. NaN without samples.
#[must_use]
pub fn percentile_us(ns: &mut [u64], percent: f64) -> f64 {
    ns.sort_unstable();
    let last = ns.len().saturating_sub(1) as f64;
    let at = (last * percent / 100.0).round() as usize;
    ns.get(at).map_or(f64::NAN, |&v| v as f64 / 1000.0)
}

/// A number with about three significant digits and thousands set apart.
#[must_use]
pub fn short(x: f64) -> String {
    if !x.is_finite() {
        return "?".into();
    }
    let magnitude = if x == 0.0 { 0.0 } else { x.abs().log10().floor() };
    let places = (2.0 - magnitude).clamp(0.0, 4.0) as usize;
    let text = format!("{x:.places$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = whole.len() - usize::from(whole.starts_with('-'));
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if left % 3 == 0 && left < digits && digits > 3 {
            out.push(',');
        }
        out.push(c);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0, f64::NAN]).map(|s| s.median), Some(2.5));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn percentiles() {
        let mut v: Vec<u64> = (0..=100).rev().map(|n| n * 1000).collect();
        assert_eq!((percentile_us(&mut v, 50.0), percentile_us(&mut v, 99.0)), (50.0, 99.0));
        assert!(percentile_us(&mut [], 50.0).is_nan());
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(short(1_234_567.0), "1,234,567");
        assert_eq!(short(-123.4), "-123");
        assert_eq!(short(12.34), "12.3");
        assert_eq!(short(0.0123), "0.0123");
        assert_eq!(short(0.0), "0.00");
        assert_eq!(short(f64::NAN), "?");
    }
}
