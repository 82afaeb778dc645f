//! Numbers and foreign text made fit for a terminal, and sizes read from arguments.

use std::fmt::Write as _;
use std::time::Duration;

/// `1.50 MB` and the like; powers of 1000.
pub(crate) fn bytes(n: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = n.max(0.0);
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    if unit == 0 { format!("{value:.0} {name}") } else { format!("{} {name}", digits(value)) }
}

/// Three or four significant digits without an exponent.
pub(crate) fn digits(value: f64) -> String {
    if !value.is_finite() {
        return "-".into();
    }
    let size = value.abs();
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.1 || size == 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

/// `1:02:03` or `2:03`.
pub(crate) fn clock(time: Duration) -> String {
    let s = time.as_secs();
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(data: &[u8]) -> String {
    data.iter().fold(String::with_capacity(data.len() * 2), |mut out, byte| {
        // Writing into a String does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Bytes from hexadecimal digits; white space and colons between them do not matter.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != ':') {
        let digit = u8::try_from(c.to_digit(16)?).ok()?;
        match high.take() {
            None => high = Some(digit),
            Some(h) => out.push(h << 4 | digit),
        }
    }
    high.is_none().then_some(out)
}

/// Text of a peer as one harmless line: no control characters (a terminal would obey them), no direction overrides.
pub(crate) fn harmless(raw: &[u8], chars_max: usize) -> String {
    String::from_utf8_lossy(raw)
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .take(chars_max)
        .collect()
}

/// A number of bytes with an optional unit: `4096`, `64k`, `20M`, `1.5G` (powers of 1000), `64Ki`, `20Mi` (of 1024).
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size; write for example 4096, 64k, 20M or 64Ki");
    let text_trimmed = text.trim();
    let split = text_trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text_trimmed.len());
    let (number, unit) = text_trimmed.split_at(split);
    let factor: u64 = match unit.trim().trim_end_matches(['B', 'b']) {
        "" => 1,
        "k" | "K" => 1000,
        "M" | "m" => 1_000_000,
        "G" | "g" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err(wrong()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).ok_or_else(wrong);
    }
    let value = number.parse::<f64>().map_err(|_| wrong())? * factor as f64;
    // Beyond 2^53 a fraction cannot be exact; nobody asks for that.
    if (0.0..9e15).contains(&value) { Ok(value.round() as u64) } else { Err(wrong()) }
}

/// Seconds with a fraction, above zero and at most a year.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(s) if s > 0.0 && s <= 31_536_000.0 => Ok(Duration::from_secs_f64(s)),
        _ => Err(format!("`{text}` is not a time in seconds; write for example 5 or 0.5")),
    }
}

/// Rows as columns of equal width; the first column is aligned left, the others right.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut out = String::new();
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            let _ = if i == 0 { write!(out, "{cell:<width$}") } else { write!(out, "{gap}{cell:>width$}") };
        }
        out.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_units() {
        for (text, n) in [("0", 0), ("4096", 4096), ("64k", 64_000), ("20MB", 20_000_000), ("64Ki", 65_536)] {
            assert_eq!(parse_size(text), Ok(n), "{text}");
        }
        assert_eq!(parse_size("1.5M"), Ok(1_500_000));
        for text in ["", "k", "-1", "1x", "1..2", "99999999999G", "nan", "inf"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_are_positive() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "x", "nan", "inf", "1e99"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn foreign_text_cannot_command_the_terminal() {
        assert_eq!(harmless(b"a\x1b[2Jb\r\n\tc\xff", 100), "a[2Jb c\u{fffd}");
        assert_eq!(harmless("a\u{202e}b\u{2066}c".as_bytes(), 100), "abc");
        assert_eq!(harmless(b"abcdef", 3), "abc");
    }

    #[test]
    fn hexadecimal_both_ways() {
        assert_eq!(hex(&[0, 0xab]), "00ab");
        assert_eq!(unhex("00 AB:cd\n"), Some(vec![0, 0xab, 0xcd]));
        assert_eq!((unhex("0"), unhex("zz")), (None, None));
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(999.0), "999 B");
        assert_eq!(bytes(1500.0), "1.50 kB");
        assert_eq!(bytes(999_999.0), "1.00 MB");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
        assert_eq!(clock(Duration::from_secs(63)), "1:03");
        assert_eq!(digits(f64::NAN), "-");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "10".into()], vec!["bcd".into(), "2".into(), "x".into()]];
        assert_eq!(table(&rows), ["a    10", "bcd   2  x"]);
    }
}
