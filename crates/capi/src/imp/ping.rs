//! Ping locations: how far somebody is from data centres. Their text can be exchanged, and two of them compared; there
//! is nobody to measure pings of our own against.

use crate::abi::numbers::CANNOT_TRY;
use crate::abi::structs::{PingLocation, RelayStatus};
use crate::ffi::objects::{Interface, Utils};
use crate::ffi::ptr::{In, Out, Text, TextRoom};

/// Longest text, with its end.
const TEXT_ROOM: usize = 1024;
/// Data centres that a location can name.
const ENTRIES_MAX: usize = 36;
/// What a location begins with, so that zeros are none.
const MARK: [u8; 4] = *b"gs1\0";
/// Bytes of an entry.
const ENTRY_BYTES: usize = 14;
const _: () = assert!(MARK.len() + 1 + ENTRIES_MAX * ENTRY_BYTES <= 512);
/// Largest ping that is believed, milliseconds.
const PING_MAX: u16 = 9999;
/// A number that was not given.
const NONE: u16 = u16::MAX;
/// The ping is not known.
const UNKNOWN: i32 = -2;

/// Pings to one data centre, milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    code: [u8; 4],
    /// There directly, and how wrong that may be.
    direct: u16,
    error: u16,
    /// Through another one, and how wrong that may be.
    via: u16,
    via_error: u16,
}

impl Entry {
    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let numbers = [self.direct, self.error, self.via, self.via_error, 0].map(u16::to_be_bytes);
        let mut bytes = [0; ENTRY_BYTES];
        for (to, from) in bytes.iter_mut().zip(self.code.into_iter().chain(numbers.into_iter().flatten())) {
            *to = from;
        }
        bytes
    }

    const fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *bytes;
        Self {
            code: [a, b, c, d],
            direct: u16::from_be_bytes([e, f]),
            error: u16::from_be_bytes([g, h]),
            via: u16::from_be_bytes([i, j]),
            via_error: u16::from_be_bytes([k, l]),
        }
    }

    /// The shorter way.
    fn best(self) -> u16 {
        self.direct.min(self.via)
    }

    fn parse(text: &str) -> Option<Self> {
        let (code, pings) = text.trim().split_once('=')?;
        let (direct, via) = match pings.split_once('/') {
            Some((direct, via)) => (direct, Some(via)),
            None => (pings, None),
        };
        let (direct, error) = ping(direct)?;
        let (via, via_error) = via.map_or(Some((NONE, NONE)), ping)?;
        Some(Self { code: code_of(code)?, direct, error, via, via_error })
    }

    fn print(self, text: &mut String) {
        text.extend(self.code.iter().filter(|b| **b != 0).map(|b| *b as char));
        text.push('=');
        print_ping(text, self.direct, self.error);
        if self.via != NONE {
            text.push('/');
            print_ping(text, self.via, self.via_error);
        }
    }
}

fn print_ping(text: &mut String, ping: u16, error: u16) {
    text.push_str(&ping.to_string());
    if error != NONE {
        text.push('+');
        text.push_str(&error.to_string());
    }
}

/// Three or four letters or digits.
fn code_of(text: &str) -> Option<[u8; 4]> {
    let bytes = text.as_bytes();
    let fine = matches!(bytes.len(), 3 | 4) && bytes.iter().all(u8::is_ascii_alphanumeric);
    fine.then(|| std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0)))
}

fn ping(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| digits && *n <= PING_MAX)
    };
    match text.split_once('+') {
        Some((ping, error)) => Some((number(ping)?, number(error)?)),
        None => Some((number(text)?, NONE)),
    }
}

fn entries(location: &PingLocation) -> Vec<Entry> {
    let Some([count, rest @ ..]) = location.data.strip_prefix(&MARK) else { return Vec::new() };
    let (bytes, _) = rest.as_chunks::<ENTRY_BYTES>();
    bytes.iter().take(usize::from(*count).min(ENTRIES_MAX)).map(Entry::from_bytes).collect()
}

fn parse(text: &str) -> Option<PingLocation> {
    let mut entries: Vec<Entry> = Vec::new();
    for part in text.split(',') {
        let entry = Entry::parse(part)?;
        entries.retain(|known| known.code != entry.code);
        entries.push(entry);
    }
    entries.sort_by_key(|entry| (entry.direct, entry.code));
    entries.truncate(ENTRIES_MAX);
    let count = u8::try_from(entries.len()).unwrap_or(0);
    let bytes = MARK.into_iter().chain([count]).chain(entries.into_iter().flat_map(Entry::to_bytes));
    let mut data = [0; 512];
    for (to, from) in data.iter_mut().zip(bytes) {
        *to = from;
    }
    Some(PingLocation { data })
}

fn print(location: &PingLocation) -> String {
    let mut text = String::new();
    for entry in entries(location) {
        let before = text.len();
        if before > 0 {
            text.push(',');
        }
        entry.print(&mut text);
        if text.len() >= TEXT_ROOM {
            text.truncate(before);
            break;
        }
    }
    text
}

/// The shortest way over a data centre that both know.
fn estimate(a: &PingLocation, b: &PingLocation) -> i32 {
    let (a, b) = (entries(a), entries(b));
    let ways = a.iter().flat_map(|from| {
        b.iter()
            .filter(|to| to.code == from.code)
            .map(|to| i32::from(from.best()).saturating_add(i32::from(to.best())))
    });
    ways.min().unwrap_or(UNKNOWN)
}

pub(crate) fn to_text(_: Interface<Utils>, location: In<'_, PingLocation>, buf: TextRoom<'_>, buf_size: i32) {
    let text = location.get().map_or_else(String::new, |location| print(&location));
    buf.put(&text, usize::try_from(buf_size).unwrap_or(0));
}

pub(crate) fn parse_text(_: Interface<Utils>, text: Text<'_>, result: Out<'_, PingLocation>) -> bool {
    match text.get(TEXT_ROOM - 1).and_then(parse) {
        Some(location) => {
            result.set(location);
            !result.is_null()
        }
        None => false,
    }
}

pub(crate) fn between(
    _: Interface<Utils>,
    location1: In<'_, PingLocation>,
    location2: In<'_, PingLocation>,
) -> i32 {
    location1.get().zip(location2.get()).map_or(UNKNOWN, |(a, b)| estimate(&a, &b))
}

pub(crate) fn from_here(_: Interface<Utils>, _: In<'_, PingLocation>) -> i32 {
    UNKNOWN
}

pub(crate) fn local(_: Interface<Utils>, result: Out<'_, PingLocation>) -> f32 {
    result.set(PingLocation { data: [0; 512] });
    -1.0
}

pub(crate) const fn is_up_to_date(_: Interface<Utils>, _max_age_seconds: f32) -> bool {
    false
}

pub(crate) fn to_data_center(_: Interface<Utils>, _pop_id: u32, via_relay_pop: Out<'_, u32>) -> i32 {
    via_relay_pop.set(0);
    UNKNOWN
}

pub(crate) const fn to_pop(_: Interface<Utils>, _pop_id: u32) -> i32 {
    UNKNOWN
}

pub(crate) const fn pop_count(_: Interface<Utils>) -> i32 {
    0
}

pub(crate) const fn pop_list(_: Interface<Utils>, _list: Out<'_, u32>, _list_sz: i32) -> i32 {
    0
}

pub(crate) const fn init_relays(_: Interface<Utils>) {}

pub(crate) fn relay_status(_: Interface<Utils>, details: Out<'_, RelayStatus>) -> i32 {
    details.set(RelayStatus {
        avail: CANNOT_TRY,
        ping_measurement_in_progress: 0,
        avail_network_config: CANNOT_TRY,
        avail_any_relay: CANNOT_TRY,
        debug_msg: super::convert::field("there are no relays in this library"),
    });
    CANNOT_TRY
}

#[cfg(test)]
mod tests {
    use super::super::identity::pop_id;
    use super::*;

    #[test]
    fn text_goes_in_and_comes_out_nearest_first() {
        let text = "hkg=128+12/129+12,fra=232+23,ams=310+31/237+23";
        assert_eq!(print(&parse(text).unwrap()), text);
        assert_eq!(print(&parse("fra=9, hkg=7+1,fra=5").unwrap()), "fra=5,hkg=7+1");
        assert_eq!(pop_id(*b"dev\0"), 0x0064_6576);
        assert_eq!(pop_id(*b"abcd"), 0x6461_6263);
    }

    #[test]
    fn what_is_no_location_is_refused() {
        for text in [
            "",
            ",",
            "fra",
            "fra=",
            "fra=1,",
            "fra=x",
            "fra=+1",
            "fra=1+",
            "fra=1/",
            "fra=-1",
            "fra=10000",
            "fr=1",
            "frank=1",
            "f a=1",
            "fra=1;hkg=2",
            "fra=1 2",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(entries(&PingLocation { data: [0; 512] }).is_empty());
        assert!(entries(&PingLocation { data: [0xff; 512] }).is_empty());
    }

    #[test]
    fn the_longest_location_still_fits() {
        let many: Vec<String> = (0..200).map(|i| format!("{:03}=9999+9999/9999+9999", i)).collect();
        let text = print(&parse(&many.join(",")).unwrap());
        assert!(text.len() < TEXT_ROOM && text.starts_with("000="));
    }

    #[test]
    fn estimates_go_over_the_nearest_common_place() {
        let of = |text| parse(text).unwrap();
        let (a, b) = (of("fra=20,ams=9/8"), of("fra=5,ams=30,sto=1"));
        assert_eq!((estimate(&a, &b), estimate(&b, &a)), (25, 25));
        assert_eq!(estimate(&a, &of("tyo=1")), UNKNOWN);
        assert_eq!(estimate(&a, &of("ams=1")), 9);
    }
}
