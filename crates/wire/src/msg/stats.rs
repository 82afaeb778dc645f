//! Statistics a peer shares (protocol.md §3.16).

use alloc::vec::Vec;

use prost::Message;

/// How the connection does at this moment, seen by the sender of the message. Unknown values are absent.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct LinkInstantaneousStats {
    /// Packets sent per second, times ten.
    #[prost(uint32, optional, tag = "1")]
    pub out_packets_per_sec_x10: Option<u32>,
    /// Bytes sent per second.
    #[prost(uint32, optional, tag = "2")]
    pub out_bytes_per_sec: Option<u32>,
    /// Packets received per second, times ten.
    #[prost(uint32, optional, tag = "3")]
    pub in_packets_per_sec_x10: Option<u32>,
    /// Bytes received per second.
    #[prost(uint32, optional, tag = "4")]
    pub in_bytes_per_sec: Option<u32>,
    /// Round trip in milliseconds.
    #[prost(uint32, optional, tag = "5")]
    pub ping_ms: Option<u32>,
    /// Packets lost on the way to the sender of this message, in percent.
    #[prost(uint32, optional, tag = "6")]
    pub packets_dropped_pct: Option<u32>,
    /// Packets out of order or doubled on the way to the sender of this message, in percent.
    #[prost(uint32, optional, tag = "7")]
    pub packets_weird_sequence_pct: Option<u32>,
    /// Largest recent jitter in microseconds.
    #[prost(uint32, optional, tag = "8")]
    pub peak_jitter_usec: Option<u32>,
}

/// How the connection did since it began, seen by the sender of the message.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct LinkLifetimeStats {
    /// Age of the connection in seconds.
    #[prost(uint32, optional, tag = "2")]
    pub connected_seconds: Option<u32>,
    /// Packets sent.
    #[prost(uint64, optional, tag = "3")]
    pub packets_sent: Option<u64>,
    /// Kilobytes sent, rounded to the nearest.
    #[prost(uint64, optional, tag = "4")]
    pub kb_sent: Option<u64>,
    /// Packets received.
    #[prost(uint64, optional, tag = "5")]
    pub packets_recv: Option<u64>,
    /// Kilobytes received, rounded to the nearest.
    #[prost(uint64, optional, tag = "6")]
    pub kb_recv: Option<u64>,
    /// Packets received that carried a number.
    #[prost(uint64, optional, tag = "7")]
    pub packets_recv_sequenced: Option<u64>,
    /// Packets that never came.
    #[prost(uint64, optional, tag = "8")]
    pub packets_recv_dropped: Option<u64>,
    /// Packets that came late.
    #[prost(uint64, optional, tag = "9")]
    pub packets_recv_out_of_order: Option<u64>,
    /// Packets that came twice.
    #[prost(uint64, optional, tag = "10")]
    pub packets_recv_duplicate: Option<u64>,
    /// Large jumps of the packet number.
    #[prost(uint64, optional, tag = "11")]
    pub packets_recv_lurch: Option<u64>,
    /// Numbered packets received, by path.
    #[prost(uint64, repeated, packed = "false", tag = "12")]
    pub multipath_packets_recv_sequenced: Vec<u64>,
    /// Packets another path delivered first, by path.
    #[prost(uint64, repeated, packed = "false", tag = "13")]
    pub multipath_packets_recv_later: Vec<u64>,
    /// Whether packets are sent on several paths.
    #[prost(uint32, optional, tag = "14")]
    pub multipath_send_enabled: Option<u32>,
    /// Packets that came late but were put into order.
    #[prost(uint64, optional, tag = "15")]
    pub packets_recv_out_of_order_corrected: Option<u64>,
    /// Intervals with a quality of 100 percent.
    #[prost(uint32, optional, tag = "21")]
    pub quality_histogram_100: Option<u32>,
    /// Intervals with a quality of 99 percent.
    #[prost(uint32, optional, tag = "22")]
    pub quality_histogram_99: Option<u32>,
    /// Intervals with a quality of 97 to 98 percent.
    #[prost(uint32, optional, tag = "23")]
    pub quality_histogram_97: Option<u32>,
    /// Intervals with a quality of 95 to 96 percent.
    #[prost(uint32, optional, tag = "24")]
    pub quality_histogram_95: Option<u32>,
    /// Intervals with a quality of 90 to 94 percent.
    #[prost(uint32, optional, tag = "25")]
    pub quality_histogram_90: Option<u32>,
    /// Intervals with a quality of 75 to 89 percent.
    #[prost(uint32, optional, tag = "26")]
    pub quality_histogram_75: Option<u32>,
    /// Intervals with a quality of 50 to 74 percent.
    #[prost(uint32, optional, tag = "27")]
    pub quality_histogram_50: Option<u32>,
    /// Intervals with a quality of 1 to 49 percent.
    #[prost(uint32, optional, tag = "28")]
    pub quality_histogram_1: Option<u32>,
    /// Intervals in which nothing arrived.
    #[prost(uint32, optional, tag = "29")]
    pub quality_histogram_dead: Option<u32>,
    /// Quality in percent that 2 percent of the intervals stayed below.
    #[prost(uint32, optional, tag = "30")]
    pub quality_ntile_2nd: Option<u32>,
    /// Quality in percent that 5 percent of the intervals stayed below.
    #[prost(uint32, optional, tag = "31")]
    pub quality_ntile_5th: Option<u32>,
    /// Quality in percent that 25 percent of the intervals stayed below.
    #[prost(uint32, optional, tag = "32")]
    pub quality_ntile_25th: Option<u32>,
    /// Quality in percent that 50 percent of the intervals stayed below.
    #[prost(uint32, optional, tag = "33")]
    pub quality_ntile_50th: Option<u32>,
    /// Round trips of at most 25 milliseconds.
    #[prost(uint32, optional, tag = "41")]
    pub ping_histogram_25: Option<u32>,
    /// Round trips of more than 25 and at most 50 milliseconds.
    #[prost(uint32, optional, tag = "42")]
    pub ping_histogram_50: Option<u32>,
    /// Round trips of more than 50 and at most 75 milliseconds.
    #[prost(uint32, optional, tag = "43")]
    pub ping_histogram_75: Option<u32>,
    /// Round trips of more than 75 and at most 100 milliseconds.
    #[prost(uint32, optional, tag = "44")]
    pub ping_histogram_100: Option<u32>,
    /// Round trips of more than 100 and at most 125 milliseconds.
    #[prost(uint32, optional, tag = "45")]
    pub ping_histogram_125: Option<u32>,
    /// Round trips of more than 125 and at most 150 milliseconds.
    #[prost(uint32, optional, tag = "46")]
    pub ping_histogram_150: Option<u32>,
    /// Round trips of more than 150 and at most 200 milliseconds.
    #[prost(uint32, optional, tag = "47")]
    pub ping_histogram_200: Option<u32>,
    /// Round trips of more than 200 and at most 300 milliseconds.
    #[prost(uint32, optional, tag = "48")]
    pub ping_histogram_300: Option<u32>,
    /// Round trips of more than 300 milliseconds.
    #[prost(uint32, optional, tag = "49")]
    pub ping_histogram_max: Option<u32>,
    /// Round trip in milliseconds that 5 percent of the samples stayed below.
    #[prost(uint32, optional, tag = "50")]
    pub ping_ntile_5th: Option<u32>,
    /// Round trip in milliseconds that 50 percent of the samples stayed below.
    #[prost(uint32, optional, tag = "51")]
    pub ping_ntile_50th: Option<u32>,
    /// Round trip in milliseconds that 75 percent of the samples stayed below.
    #[prost(uint32, optional, tag = "52")]
    pub ping_ntile_75th: Option<u32>,
    /// Round trip in milliseconds that 95 percent of the samples stayed below.
    #[prost(uint32, optional, tag = "53")]
    pub ping_ntile_95th: Option<u32>,
    /// Round trip in milliseconds that 98 percent of the samples stayed below.
    #[prost(uint32, optional, tag = "54")]
    pub ping_ntile_98th: Option<u32>,
    /// Jitter samples below 1 millisecond.
    #[prost(uint32, optional, tag = "61")]
    pub jitter_histogram_negligible: Option<u32>,
    /// Jitter samples of 1 to 2 milliseconds.
    #[prost(uint32, optional, tag = "62")]
    pub jitter_histogram_1: Option<u32>,
    /// Jitter samples of 2 to 5 milliseconds.
    #[prost(uint32, optional, tag = "63")]
    pub jitter_histogram_2: Option<u32>,
    /// Jitter samples of 5 to 10 milliseconds.
    #[prost(uint32, optional, tag = "64")]
    pub jitter_histogram_5: Option<u32>,
    /// Jitter samples of 10 to 20 milliseconds.
    #[prost(uint32, optional, tag = "65")]
    pub jitter_histogram_10: Option<u32>,
    /// Jitter samples of 20 milliseconds and more.
    #[prost(uint32, optional, tag = "66")]
    pub jitter_histogram_20: Option<u32>,
}

/// What a peer reports about its end of the connection.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ConnectionQuality {
    /// This moment.
    #[prost(message, optional, tag = "1")]
    pub instantaneous: Option<LinkInstantaneousStats>,
    /// Since the beginning.
    #[prost(message, optional, tag = "2")]
    pub lifetime: Option<LinkLifetimeStats>,
}
