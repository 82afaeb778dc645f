//! Temporary: our side over the endpoint itself.
use crate::side::{Change, Facts, Figures, Got, NotSent, Opt, Side, Value, keys};
use gamesockets_crypto::cert::TrustStore;
use gamesockets_endpoint::fakenet::FakeNetConfig;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_endpoint::*;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::message::{SendError, SendFlags};
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_wire::time::Timestamp;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

#[derive(Default)]
pub(crate) struct Authority {}

pub(crate) struct Ours {
    e: Endpoint,
    socks: Vec<UdpSocket>,
    t0: Instant,
    fake: FakeNetConfig,
    ids: HashMap<u32, ConnId>,
    global: ConnConfig,
    ev: Vec<Change>,
}
fn conf(c: &mut ConnConfig, o: &[Opt]) {
    for (k, v) in o {
        let Value::Int(i) = *v else { continue };
        match *k {
            keys::SEND_BUFFER => c.send_buffer_size = i,
            keys::RATE_MIN => c.send_rate_min = i,
            keys::RATE_MAX => c.send_rate_max = i,
            keys::ALLOW_WITHOUT_AUTH => c.ip_allow_without_auth = i,
            keys::LOCALHOST_ALLOW_WITHOUT_AUTH => c.ip_localhost_allow_without_auth = i,
            keys::TIMEOUT_INITIAL => c.timeout_initial_ms = i,
            keys::MTU => c.mtu_packet_size = i,
            keys::UNENCRYPTED => c.unencrypted = i,
            _ => panic!(),
        }
    }
}
impl Ours {
    pub(crate) fn start(identity: Option<&str>, _a: Authority) -> Result<Self, String> {
        let t0 = Instant::now();
        let mut cfg = EndpointConfig {
            unix_time_at_start: std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(),
            trust: TrustStore::default(),
            ..Default::default()
        };
        if let Some(i) = identity {
            cfg.identity = i.parse().unwrap();
        }
        let mut seed = [0; 32];
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom").unwrap(), &mut seed).unwrap();
        Ok(Self {
            e: Endpoint::new(cfg, seed, Timestamp::from_micros(1000)),
            socks: vec![],
            t0,
            fake: FakeNetConfig::default(),
            ids: HashMap::new(),
            global: ConnConfig::default(),
            ev: vec![],
        })
    }
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.t0.elapsed().as_micros() as u64 + 1000)
    }
    fn sock(&mut self) -> SocketId {
        let s = UdpSocket::bind("127.0.0.1:0").unwrap();
        s.set_nonblocking(true).unwrap();
        self.socks.push(s);
        SocketId(self.socks.len() as u32 - 1)
    }
    fn id(&self, c: u32) -> ConnId {
        self.ids[&c]
    }
    fn flush(&mut self) {
        let mut out = vec![];
        while let Some(t) = self.e.poll_transmit(self.now(), &mut out, 1) {
            let _ = self.socks[t.socket.0 as usize].send_to(&out, t.to);
        }
    }
    fn turn(&mut self) {
        let mut buf = vec![0u8; 2048];
        for i in 0..self.socks.len() {
            let mut n = 0;
            while let Ok((l, from)) = self.socks[i].recv_from(&mut buf) {
                let now = self.now();
                self.e.handle_datagrams(now, SocketId(i as u32), from, &mut buf[..l], l);
                n += 1;
                if n > 200 {
                    break;
                }
            }
        }
        self.e.handle_timeout(self.now());
        while let Some(ev) = self.e.poll_event() {
            if let Event::StateChanged { conn, info, new, .. } = ev {
                self.ids.insert(conn.to_raw(), conn);
                let mut f = facts(&info);
                f.state = new as i32;
                self.ev.push(Change { conn: conn.to_raw(), facts: f });
            }
        }
        self.flush();
    }
}
fn facts(i: &gamesockets_endpoint::types::ConnectionInfo) -> Facts {
    Facts {
        identity: i.identity.to_string(),
        state: i.state as i32,
        end_reason: i.end_reason.0 as i32,
        end_debug: i.end_debug.clone(),
        flags: i.flags as i32,
        incoming: i.listener.is_some(),
    }
}
impl Side for Ours {
    fn listen(&mut self, options: &[Opt]) -> Result<(u32, SocketAddr), String> {
        let s = self.sock();
        let a = self.socks[s.0 as usize].local_addr().unwrap();
        let mut c = self.global;
        conf(&mut c, options);
        let l = self.e.listen(self.now(), s, a, Arc::new(c)).map_err(|e| e.to_string())?;
        Ok((l.to_raw(), a))
    }
    fn connect(&mut self, to: SocketAddr, options: &[Opt]) -> Result<u32, String> {
        let s = self.sock();
        let mut c = self.global;
        conf(&mut c, options);
        let l = self.e.connect(self.now(), s, to, Arc::new(c)).map_err(|e| e.to_string())?;
        self.ids.insert(l.to_raw(), l);
        Ok(l.to_raw())
    }
    fn accept(&mut self, conn: u32) -> Result<(), String> {
        self.e.accept(self.now(), self.id(conn)).map_err(|e| e.to_string())
    }
    fn close(&mut self, conn: u32, reason: i32, text: &str, linger: bool) -> Result<(), String> {
        self.e.close(self.now(), self.id(conn), reason as u32, text, linger).map_err(|e| e.to_string())
    }
    fn send(&mut self, conn: u32, data: &[u8], reliable: bool, lane: u16) -> Result<u64, NotSent> {
        let f = if reliable { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        self.e.send(self.now(), self.id(conn), data, f, lane).map_err(|e| match e {
            SendError::LimitExceeded { .. } => NotSent::Full,
            e => NotSent::Other(e.to_string()),
        })
    }
    fn receive(&mut self, conn: u32) -> Vec<Got> {
        self.turn();
        let mut v = vec![];
        let _ = self.e.receive(self.id(conn), &mut v, 10000);
        v.into_iter()
            .map(|m| Got { data: m.payload.to_vec(), number: m.number, reliable: m.reliable, lane: m.lane })
            .collect()
    }
    fn changes(&mut self) -> Vec<Change> {
        self.turn();
        std::mem::take(&mut self.ev)
    }
    fn facts(&mut self, conn: u32) -> Option<Facts> {
        self.e.info(self.id(conn)).ok().map(|i| facts(&i))
    }
    fn figures(&mut self, conn: u32) -> Option<Figures> {
        let s = self.e.status(self.now(), self.id(conn), &mut []).ok()?;
        Some(Figures {
            ping_ms: s.ping_ms,
            quality_local: s.quality_local,
            quality_remote: s.quality_remote,
            out_packets: s.out_packets_per_sec,
            in_packets: s.in_packets_per_sec,
        })
    }
    fn lanes(&mut self, conn: u32, lanes: &[(i32, u16)]) -> Result<(), String> {
        let l: Vec<_> = lanes.iter().map(|(p, w)| LaneConfig { priority: *p, weight: *w }).collect();
        self.e.configure_lanes(self.now(), self.id(conn), &l).map_err(|e| e.to_string())
    }
    fn configure(&mut self, key: i32, value: Value) -> Result<(), String> {
        let f = match value {
            Value::Float(f) => f,
            Value::Int(i) => i as f32,
        };
        match key {
            keys::LOSS_SEND => self.fake.send.loss_pct = f,
            keys::LOSS_RECV => self.fake.recv.loss_pct = f,
            keys::REORDER_SEND => self.fake.send.reorder_pct = f,
            keys::REORDER_RECV => self.fake.recv.reorder_pct = f,
            keys::REORDER_TIME => {
                self.fake.send.reorder_ms = f as i32;
                self.fake.recv.reorder_ms = f as i32
            }
            _ => conf(&mut self.global, &[(key, value)]),
        }
        self.e.set_fake_network(self.fake);
        Ok(())
    }
    fn detailed(&mut self, conn: u32) -> String {
        self.e.detailed_status(self.now(), self.id(conn)).unwrap_or_default()
    }
}
