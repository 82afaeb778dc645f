//! A client of the demonstration: plays, talks, and receives the file.

use super::ClientResult;
use super::peer::{
    PeerArgs, REPORT_EVERY, Ticker, link_status, send, send_state, set_up_lanes, state_result,
};
use super::protocol::{Ages, CHAT_LANE, Say, wall_us};
use crate::exit::{Code, Failure};
use crate::net::{End, Net, News, REASON_OK};
use crate::process::{report, stdin_lines};
use crate::transfer::digest::Hasher;
use gamesockets::{Connection, Message, SendFlags};
use serde_json::json;
use std::fs::File;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// What a client says, line by line.
const LINES: [&str; 8] = [
    "hello, is anybody out there?",
    "the map is still loading here",
    "meet me at the old bridge",
    "behind you!",
    "that was close",
    "my screen does not even stutter",
    "almost there",
    "good game, see you tomorrow",
];

/// The lines that the client `name` says.
pub(super) fn lines_of(name: &str) -> impl Iterator<Item = String> {
    LINES.iter().enumerate().map(move |(i, line)| format!("{name}: {line} ({} of {})", i + 1, LINES.len()))
}

/// The file as far as it is here.
struct Download {
    file: File,
    hasher: Hasher,
    bytes: u64,
    size: Option<u64>,
}

struct Client<'a> {
    args: &'a PeerArgs,
    connection: Connection,
    download: Download,
    chat: Vec<String>,
    ages: Ages,
    aged: usize,
    begin: Instant,
    ticker: Ticker,
    lines_said: usize,
    /// We told the server that we have everything.
    finished: bool,
    /// The server told us that everybody has.
    released: bool,
}

pub(super) fn run(args: &PeerArgs) -> Result<(), Failure> {
    let parent = stdin_lines();
    let mut net = args.net()?;
    let connection = net.connect_and_wait((Ipv4Addr::LOCALHOST, args.port).into())?;
    set_up_lanes(&connection)?;
    let file =
        File::create(&args.file).map_err(|e| Failure::new(Code::File, e).about(args.file.display()))?;
    let mut client = Client {
        args,
        connection,
        download: Download { file, hasher: Hasher::new(), bytes: 0, size: None },
        chat: Vec::new(),
        ages: Ages::default(),
        aged: 0,
        begin: Instant::now(),
        ticker: Ticker::new(),
        lines_said: 0,
        finished: false,
        released: false,
    };
    client.say(&Say::Hello { name: &args.name })?;
    let mut reported = Instant::now();
    while !client.released {
        if parent.try_recv() == Err(TryRecvError::Disconnected) {
            return Err(Failure::new(Code::Interrupted, "the parent is gone"));
        }
        client.turn(&mut net)?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            client.report_link()?;
        }
    }
    let result = ClientResult {
        name: args.name.clone(),
        sha256: client.download.hasher.value().to_string(),
        bytes: client.download.bytes,
        chat: client.chat.clone(),
        chat_expected: LINES.len(),
        state: state_result(&mut client.ages),
    };
    report(&json!({ "client": result }))?;
    net.finish(&[client.connection], REASON_OK, "goodbye")
}

impl Client<'_> {
    fn turn(&mut self, net: &mut Net) -> Result<(), Failure> {
        let news = net.wait(Duration::from_millis(4))?;
        for message in net.messages() {
            self.hear(&message)?;
        }
        for news in news {
            if let News::Ended(connection, end) = news {
                for message in Net::rest_of(&connection) {
                    self.hear(&message)?;
                }
                self.check_end(&end)?;
            }
        }
        self.play()?;
        self.talk()?;
        let everything = self.download.size == Some(self.download.bytes) && self.chat.len() >= LINES.len();
        if everything && !self.finished && self.begin.elapsed() >= self.args.seconds {
            self.finished = true;
            self.say(&Say::Finished)?;
        }
        Ok(())
    }

    fn check_end(&self, end: &End) -> Result<(), Failure> {
        if self.released { Ok(()) } else { Err(end.failure()) }
    }

    fn hear(&mut self, message: &Message) -> Result<(), Failure> {
        let say = Say::decode(message.payload()).map_err(|e| Failure::new(Code::Failed, e))?;
        match say {
            Say::State { number, sent_us } => self.ages.add(number, sent_us, wall_us()),
            Say::Chat { from, line } => {
                let line = format!("{from}: {line}");
                report(&json!({ "chat": line }))?;
                self.chat.push(line);
            }
            Say::File { size, .. } => self.download.size = Some(size),
            Say::Piece(data) => {
                self.download.file.write_all(data)?;
                self.download.hasher.update(data);
                self.download.bytes += data.len() as u64;
            }
            Say::Finished => self.released = true,
            Say::Hello { .. } => {}
        }
        Ok(())
    }

    /// Sends a state message if one is due.
    fn play(&mut self) -> Result<(), Failure> {
        match self.ticker.due() {
            Some(number) => send_state(&self.connection, number),
            None => Ok(()),
        }
    }

    /// Says the lines that are due.
    fn talk(&mut self) -> Result<(), Failure> {
        let every = self.args.seconds / (LINES.len() as u32 + 1);
        let due = self.begin.elapsed().as_secs_f64() / every.as_secs_f64().max(0.001);
        if let Some(line) = lines_of(&self.args.name).nth(self.lines_said)
            && due >= (self.lines_said + 1) as f64
        {
            self.lines_said += 1;
            let text = line.split_once(": ").map_or(line.as_str(), |(_, text)| text);
            self.say(&Say::Chat { from: &self.args.name, line: text })?;
        }
        Ok(())
    }

    fn say(&self, say: &Say<'_>) -> Result<(), Failure> {
        send(&self.connection, say, SendFlags::RELIABLE | SendFlags::NO_NAGLE, CHAT_LANE)
    }

    fn report_link(&mut self) -> Result<(), Failure> {
        let link = link_status(&self.connection, &self.args.name, "server", &self.ages, self.aged);
        self.aged = self.ages.count();
        report(&json!({ "link": link }))?;
        Ok(())
    }
}
