//! The conversation, without a network: who is there, and who hears what.

use crate::text::harmless;
use std::collections::BTreeMap;
use thiserror::Error;

/// People in one room: everybody hears everybody, so the work grows with the square.
pub(super) const MEMBERS_MAX: usize = 256;
/// Characters of a nick name.
const NICK_CHARS_MAX: usize = 32;
/// Bytes of a line that goes to others. Other servers of this conversation fail on lines of more than about 950 bytes
/// with the nick in front; so nobody shall get used to longer ones.
pub(super) const LINE_BYTES_MAX: usize = 900;

/// One line for one member.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<K> {
    pub(super) to: K,
    pub(super) text: String,
}

/// Everybody the room can hold is in it.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the room is full ({MEMBERS_MAX}); try again later")]
pub(super) struct RoomFull;

/// How somebody left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Departure {
    /// Said goodbye.
    Left,
    /// Was lost, and why.
    Lost(String),
}

/// Members by connection.
#[derive(Debug)]
pub(super) struct Room<K> {
    members: BTreeMap<K, String>,
    guests: u32,
}

impl<K: Copy + Ord> Room<K> {
    pub(super) const fn new() -> Self {
        Self { members: BTreeMap::new(), guests: 0 }
    }

    /// The nick of a member.
    pub(super) fn nick(&self, id: K) -> Option<&str> {
        self.members.get(&id).map(String::as_str)
    }

    /// Somebody came.
    pub(super) fn join(&mut self, id: K) -> Result<Vec<Line<K>>, RoomFull> {
        if self.members.len() >= MEMBERS_MAX {
            return Err(RoomFull);
        }
        let nick = loop {
            self.guests = self.guests.wrapping_add(1);
            let nick = format!("guest-{}", self.guests);
            if !self.is_taken(&nick, None) {
                break nick;
            }
        };
        let mut lines = vec![Line {
            to: id,
            text: format!("Welcome! Others see you as {nick}; write /nick NAME to change that."),
        }];
        if self.members.is_empty() {
            lines.push(Line { to: id, text: "Nobody else is here yet.".into() });
        }
        lines.extend(self.members.values().map(|other| Line { to: id, text: format!("{other} is here.") }));
        lines.extend(self.members.keys().map(|&to| Line { to, text: format!("{nick} joined.") }));
        self.members.insert(id, nick);
        Ok(lines)
    }

    /// A member wrote something.
    pub(super) fn message(&mut self, id: K, raw: &[u8]) -> Vec<Line<K>> {
        let Some(nick) = self.members.get(&id).cloned() else { return Vec::new() };
        let text = harmless(raw, raw.len());
        let text = text.trim();
        // As in the conversation of the reference library's example, the prefix decides, with or without a blank.
        if let Some(wanted) = text.strip_prefix("/nick") {
            return self.rename(id, &nick, wanted.trim());
        }
        if text.is_empty() {
            return Vec::new();
        }
        if text.len() > LINE_BYTES_MAX {
            let text =
                format!("Not passed on: {} bytes are too long for a line, {LINE_BYTES_MAX} fit.", text.len());
            return vec![Line { to: id, text }];
        }
        self.to_others(id, &format!("{nick}: {text}"))
    }

    /// A member is gone.
    pub(super) fn leave(&mut self, id: K, how: &Departure) -> Vec<Line<K>> {
        let Some(nick) = self.members.remove(&id) else { return Vec::new() };
        match how {
            Departure::Left => self.to_others(id, &format!("{nick} left.")),
            Departure::Lost(why) => self.to_others(id, &format!("{nick} was lost ({why}).")),
        }
    }

    /// A line for everybody.
    pub(super) fn announce(&self, text: &str) -> Vec<Line<K>> {
        self.members.keys().map(|&to| Line { to, text: text.into() }).collect()
    }

    fn rename(&mut self, id: K, old: &str, wanted: &str) -> Vec<Line<K>> {
        let wanted = harmless(wanted.as_bytes(), NICK_CHARS_MAX);
        let wanted = wanted.trim();
        if wanted.is_empty() {
            return vec![Line { to: id, text: "A name is missing: /nick NAME".into() }];
        }
        if self.is_taken(wanted, Some(id)) {
            return vec![Line { to: id, text: format!("The name {wanted} is taken.") }];
        }
        let mut lines = vec![Line { to: id, text: format!("You are now known as {wanted}.") }];
        lines.extend(self.to_others(id, &format!("{old} is now known as {wanted}.")));
        self.members.insert(id, wanted.to_owned());
        lines
    }

    fn is_taken(&self, nick: &str, except: Option<K>) -> bool {
        let nick = nick.to_lowercase();
        self.members.iter().any(|(&id, other)| Some(id) != except && other.to_lowercase() == nick)
    }

    fn to_others(&self, id: K, text: &str) -> Vec<Line<K>> {
        self.members.keys().filter(|&&to| to != id).map(|&to| Line { to, text: text.into() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<u32>], to: u32) -> Vec<&str> {
        lines.iter().filter(|l| l.to == to).map(|l| l.text.as_str()).collect()
    }

    #[test]
    fn a_conversation() {
        let mut room = Room::new();
        let lines = room.join(1).unwrap();
        assert_eq!(texts(&lines, 1).len(), 2);
        assert!(texts(&lines, 1)[1].contains("Nobody else"));
        let lines = room.join(2).unwrap();
        assert_eq!(texts(&lines, 1), ["guest-2 joined."]);
        assert_eq!(texts(&lines, 2)[1], "guest-1 is here.");
        let lines = room.message(1, b"/nick   Ada ");
        assert_eq!(texts(&lines, 1), ["You are now known as Ada."]);
        assert_eq!(texts(&lines, 2), ["guest-1 is now known as Ada."]);
        let lines = room.message(1, b"  hi there \n");
        assert_eq!(lines, [Line { to: 2, text: "Ada: hi there".into() }]);
        assert_eq!(texts(&room.leave(1, &Departure::Left), 2), ["Ada left."]);
        assert_eq!(room.leave(1, &Departure::Left), []);
        assert_eq!(room.nick(2), Some("guest-2"));
    }

    #[test]
    fn names_are_unique_and_harmless() {
        let mut room = Room::new();
        room.join(1).unwrap();
        room.join(2).unwrap();
        room.message(1, b"/nick Ada");
        assert_eq!(texts(&room.message(2, b"/nick ADA"), 2), ["The name ADA is taken."]);
        assert_eq!(texts(&room.message(1, b"/nick ada"), 1), ["You are now known as ada."]);
        assert_eq!(texts(&room.message(2, b"/nick"), 2), ["A name is missing: /nick NAME"]);
        assert_eq!(texts(&room.message(2, b"/nick \x1b[31mred"), 2), ["You are now known as [31mred."]);
        room.message(2, format!("/nick {}", "x".repeat(500)).as_bytes());
        assert_eq!(room.nick(2).map(str::len), Some(32));
        // A guest's number is not given out while somebody goes by that name.
        room.message(1, b"/nick guest-3");
        room.join(3).unwrap();
        assert_eq!(room.nick(3), Some("guest-4"));
    }

    #[test]
    fn long_and_empty_lines_go_nowhere() {
        let mut room = Room::new();
        room.join(1).unwrap();
        room.join(2).unwrap();
        assert_eq!(room.message(1, b" \x07 "), []);
        assert_eq!(texts(&room.message(1, &[b'x'; 901]), 2), [] as [&str; 0]);
        assert_eq!(texts(&room.message(1, &[b'x'; 900]), 2).len(), 1);
        assert_eq!(room.message(7, b"who?"), []);
    }

    #[test]
    fn the_room_has_a_limit() {
        let mut room = Room::new();
        for id in 0..MEMBERS_MAX {
            room.join(id).unwrap();
        }
        assert_eq!(room.join(MEMBERS_MAX), Err(RoomFull));
        assert_eq!(room.announce("x").len(), MEMBERS_MAX);
    }
}
