//! The live table: what the processes of the demonstration reported last.

use super::protocol::LANE_NAMES;
use crate::text::{bytes, digits, table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One direction of one connection, as the process that sends into it sees it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LinkStatus {
    /// Who sends, and who receives.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) ping_ms: i32,
    /// Share of the packets of the other direction that did not arrive, 0 to 1; negative while unknown.
    pub(super) loss_in: f32,
    /// Share of the state messages of the other direction that did not arrive.
    pub(super) state_lost: f64,
    pub(super) out_bytes_per_sec: f32,
    pub(super) in_bytes_per_sec: f32,
    /// How long a message put on each lane now would wait, milliseconds.
    pub(super) lane_delay_ms: Vec<f64>,
    /// Bytes of the file that went into this connection, and all of them.
    pub(super) sent: u64,
    pub(super) size: u64,
    /// Ages of the state messages that came the other way in the last moments, milliseconds.
    pub(super) state_p50_ms: f64,
    pub(super) state_p99_ms: f64,
}

/// Everything reported last.
#[derive(Debug, Default)]
pub(super) struct View {
    links: BTreeMap<(String, String), LinkStatus>,
}

impl View {
    pub(super) fn update(&mut self, link: LinkStatus) {
        self.links.insert((link.from.clone(), link.to.clone()), link);
    }

    /// The table.
    pub(super) fn lines(&self, elapsed: Duration) -> Vec<String> {
        let mut head: Vec<String> = ["connection", "RTT", "loss", "out", "in"].map(str::to_owned).to_vec();
        head.extend(LANE_NAMES.map(|name| format!("{name} wait")));
        head.extend(["state age p50", "p99", "file"].map(str::to_owned));
        let mut rows = vec![head];
        rows.extend(self.links.values().map(|link| self.row(link)));
        let mut lines = vec![format!("{:.1} s", elapsed.as_secs_f64())];
        lines.extend(table(&rows));
        lines
    }

    /// The same in one line, for output that is not a terminal.
    pub(super) fn brief(&self, elapsed: Duration) -> String {
        let parts: Vec<String> = self
            .links
            .values()
            .filter(|l| l.size > 0)
            .map(|l| {
                let rate = bytes(l.out_bytes_per_sec.into());
                format!(
                    "{}: file {}, RTT {}, loss {}, {rate}/s",
                    l.to,
                    progress(l),
                    ms(l.ping_ms.into()),
                    self.loss(l)
                )
            })
            .collect();
        format!("{:5.1} s  {}", elapsed.as_secs_f64(), parts.join("   "))
    }

    /// What is lost of what this direction's sender sends: its receiver knows.
    fn loss(&self, link: &LinkStatus) -> String {
        let Some(back) = self.links.get(&(link.to.clone(), link.from.clone())) else { return "-".into() };
        let share = if back.loss_in < 0.0 { back.state_lost } else { back.loss_in.into() };
        format!("{:.1} %", 100.0 * share)
    }

    fn row(&self, link: &LinkStatus) -> Vec<String> {
        let mut row = vec![
            format!("{} -> {}", link.from, link.to),
            ms(link.ping_ms.into()),
            self.loss(link),
            format!("{}/s", bytes(link.out_bytes_per_sec.into())),
            format!("{}/s", bytes(link.in_bytes_per_sec.into())),
        ];
        row.extend(link.lane_delay_ms.iter().map(|&d| ms(d)));
        row.extend([ms(link.state_p50_ms), ms(link.state_p99_ms), progress(link)]);
        row
    }
}

fn ms(value: f64) -> String {
    if value.is_finite() && value >= 0.0 { format!("{} ms", digits(value)) } else { "-".into() }
}

fn progress(link: &LinkStatus) -> String {
    if link.size == 0 {
        return "-".into();
    }
    format!("{:.0} %", 100.0 * link.sent as f64 / link.size as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_per_direction_and_the_latest_counts() {
        let mut view = View::default();
        let link = LinkStatus {
            from: "server".into(),
            to: "ada".into(),
            ping_ms: 81,
            loss_in: 0.05,
            lane_delay_ms: vec![0.0, 0.0, 130.0],
            sent: 1,
            size: 2,
            state_p99_ms: f64::NAN,
            ..LinkStatus::default()
        };
        view.update(LinkStatus { ping_ms: -1, ..link.clone() });
        view.update(link.clone());
        view.update(LinkStatus { from: "ada".into(), to: "server".into(), size: 0, ..link });
        let lines = view.lines(Duration::from_secs(3));
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(
            lines[3].contains("81.0 ms") && lines[3].contains("5.0 %") && lines[3].ends_with("50 %"),
            "{lines:#?}"
        );
        assert!(view.brief(Duration::from_secs(3)).contains("ada: file 50 %"));
    }
}
