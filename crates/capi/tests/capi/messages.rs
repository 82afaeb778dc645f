//! Whose a message is, and when its bytes are freed.

use crate::c::{
    THIS, allocate, bytes, change, close, fill, pair, receive, release, send, send_messages, start, take_box,
    wait,
};
use GameNetworkingSockets::abi::structs::Message;
use GameNetworkingSockets::exports::{library, sockets, structs, utils};
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};

const RELIABLE: i32 = 8;

static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_BYTES: AtomicUsize = AtomicUsize::new(0);
static SEND_WHEN_FREED: AtomicUsize = AtomicUsize::new(0);
static SENT_WHEN_FREED: AtomicI32 = AtomicI32::new(0);

/// Frees a buffer of the test's, and may use the library meanwhile.
extern "C" fn free_data(message: *mut Message) {
    let (mut data, mut size) = (null_mut(), 0);
    change(message, |m| (data, size) = (m.data, m.user_data as usize));
    drop(take_box(data.cast(), size));
    FREED.fetch_add(1, SeqCst);
    FREED_BYTES.fetch_add(size, SeqCst);
    let conn = SEND_WHEN_FREED.load(SeqCst) as u32;
    if conn != 0 {
        SENT_WHEN_FREED.store(send(conn, b"freed", RELIABLE), SeqCst);
        close(0);
    }
}

/// A message around a buffer of the test's.
fn own(conn: u32, bytes: Vec<u8>) -> *mut Message {
    let message = allocate(0);
    let mut bytes = std::mem::ManuallyDrop::new(bytes);
    assert_eq!(bytes.len(), bytes.capacity());
    change(message, |m| {
        assert!(m.data.is_null() && m.size == 0 && m.free_data.is_none() && m.user_data == 0);
        m.data = bytes.as_mut_ptr().cast();
        m.size = bytes.len() as i32;
        m.user_data = bytes.len() as i64;
        m.free_data = Some(free_data);
        m.conn = conn;
        m.flags = RELIABLE;
    });
    message
}

fn reset() {
    FREED.store(0, SeqCst);
    FREED_BYTES.store(0, SeqCst);
    SEND_WHEN_FREED.store(0, SeqCst);
    SENT_WHEN_FREED.store(0, SeqCst);
}

fn one(conn: u32) -> *mut Message {
    wait(|| receive(conn, 1).pop())
}

#[test]
fn received_messages_carry_what_is_known() {
    let _started = start();
    for network in [false, true] {
        let (a, b) = pair(network);
        assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_SetConnectionUserData(THIS, b, 77)));
        for size in [0, 1, 64, 128, 129, 1000, 5000, 300_000] {
            let data: Vec<u8> = (0..size).map(|i| i as u8).collect();
            assert_eq!(send(a, &data, RELIABLE), 1);
            let message = one(b);
            assert_eq!(bytes(message), data);
            change(message, |m| {
                assert_eq!((m.conn, m.conn_user_data, m.channel, m.flags, m.lane), (b, 77, -1, RELIABLE, 0));
                assert!(m.time_received > 0 && m.message_number > 0 && m.release.is_some());
                assert_eq!({ m.identity_peer.kind }, 1, "an address: localhost");
                // What was received is the program's to write to.
                if size > 0 {
                    m.flags = 0;
                }
            });
            if size > 0 {
                fill(message, &vec![9; size]);
            }
            release(message);
        }
        assert!(close(a) && close(b));
    }
}

#[test]
fn buffers_of_the_application_are_freed_once_and_not_before_their_time() {
    let _started = start();
    reset();
    for network in [true, false] {
        let (a, b) = pair(network);
        for size in [10, 200_000] {
            let before = FREED.load(SeqCst);
            let sent = own(a, vec![5; size]);
            let (results, left) = send_messages(&[sent], false);
            assert!(results[0] > 0, "{results:?}");
            assert_eq!(left, [if cfg!(abi_1_4) { sent } else { null_mut() }]);
            let message = one(b);
            assert_eq!(bytes(message), vec![5; size]);
            release(message);
            wait(|| (FREED.load(SeqCst) == before + 1).then_some(()));
        }
        // Never sent: closed with it in the queue.
        let before = FREED.load(SeqCst);
        let (results, _) = send_messages(&[own(a, vec![5; 100_000]), own(a, vec![5; 100_000])], true);
        assert!(results.iter().all(|r| *r > 0));
        assert!(close(a) && close(b));
        wait(|| (FREED.load(SeqCst) == before + 2).then_some(()));
    }
    assert_eq!(FREED.load(SeqCst), 8);
}

#[test]
fn kill_gives_buffers_back() {
    let _started = start();
    reset();
    let (a, _) = pair(true);
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (sent, done) = std::sync::mpsc::channel();
    // A thread that used the library and is still there.
    let other = std::thread::spawn(move || {
        let (results, _) = send_messages(&[own(a, vec![5; 200_000])], true);
        sent.send(results[0] > 0).unwrap();
        wait.recv().unwrap_err();
    });
    assert!(done.recv().unwrap());
    c!(library::GameNetworkingSockets_Kill());
    assert_eq!((FREED.load(SeqCst), FREED_BYTES.load(SeqCst)), (1, 200_000));
    drop(go);
    other.join().unwrap();
}

#[test]
fn a_function_that_frees_may_use_the_library() {
    let _started = start();
    reset();
    for network in [true, false] {
        let (a, b) = pair(network);
        SEND_WHEN_FREED.store(a as usize, SeqCst);
        for size in [100, 100_000] {
            let before = FREED.load(SeqCst);
            let (results, _) = send_messages(&[own(a, vec![1; size])], true);
            assert!(results[0] > 0);
            // Sent and freed while it waits to be freed: two messages arrive.
            let first = one(b);
            assert_eq!(bytes(first).len(), size);
            release(first);
            wait(|| (FREED.load(SeqCst) == before + 1).then_some(()));
            let second = one(b);
            assert_eq!(bytes(second), b"freed");
            release(second);
            assert_eq!(SENT_WHEN_FREED.load(SeqCst), 1);
        }
        // Closing frees too, and the function finds the connection gone.
        let (results, _) = send_messages(&[own(a, vec![1; 100_000])], true);
        assert!(results[0] > 0);
        close(a);
        close(b);
        wait(|| matches!(SENT_WHEN_FREED.load(SeqCst), 3 | 8).then_some(()));
    }
    SEND_WHEN_FREED.store(0, SeqCst);
}

#[test]
fn a_pipe_hands_over_the_very_bytes() {
    let _started = start();
    let (a, b) = pair(false);
    for size in [1, 256, 1_500_000] {
        let message = allocate(size);
        let mut data = null_mut();
        change(message, |m| {
            data = m.data;
            m.conn = a;
        });
        assert!(send_messages(&[message], true).0[0] > 0);
        let received = receive(b, 1).pop().expect("at once");
        change(received, |m| assert_eq!((m.data, m.size), (data, size)));
        release(received);
    }
}

#[test]
fn a_second_release_is_noticed_and_harmless() {
    static COMPLAINTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    extern "C" fn on_line(_: i32, line: *const std::ffi::c_char) {
        COMPLAINTS.lock().unwrap().push(crate::c::text_at(line));
    }
    let _started = start();
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(THIS, 1, Some(on_line)));
    let message = allocate(1000);
    release(message);
    assert!(COMPLAINTS.lock().unwrap().is_empty());
    c!(structs::SteamAPI_SteamNetworkingMessage_t_Release(message));
    c!(structs::SteamAPI_SteamNetworkingMessage_t_Release(null_mut()));
    // Given away, it is not in hand either.
    let (a, _) = pair(true);
    let sent = allocate(100_000);
    change(sent, |m| m.conn = a);
    assert!(send_messages(&[sent], true).0[0] > 0);
    c!(structs::SteamAPI_SteamNetworkingMessage_t_Release(sent));
    assert_eq!(send_messages(&[sent], false).0, [-8]);
    assert_eq!(COMPLAINTS.lock().unwrap().len(), 2);
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(THIS, 0, None));
}

/// Before 1.5 the call had no last parameter: what the register holds where that is now means nothing.
#[cfg(abi_1_4)]
#[test]
fn a_batch_of_the_first_generation_belongs_to_the_library() {
    let _started = start();
    reset();
    let (a, b) = pair(true);
    for rest_of_a_register in [false, true] {
        let before = FREED.load(SeqCst);
        let wrong = own(a, vec![1; 100]);
        change(wrong, |m| m.lane = 7);
        let batch = [own(a, vec![1; 100]), wrong, own(a, vec![1; 100]), own(0, vec![1; 100])];
        let (results, left) = send_messages(&batch, rest_of_a_register);
        assert!(results[0] > 0);
        assert_eq!(results[1..], [-8, 0, -8]);
        assert_eq!(
            left, batch,
            "programs of that time may keep the array in memory that cannot be written to"
        );
        assert_eq!(FREED.load(SeqCst) - before, 4, "sent or not, none is the program's any more");
    }
    close(a);
    close(b);
}

#[cfg(not(abi_1_4))]
#[test]
fn batches_stop_at_the_first_failure_of_each_connection() {
    let _started = start();
    reset();
    let (a, b) = pair(true);
    let (c, d) = pair(true);
    let to = |conn: u32, lane: u16| {
        let message = own(conn, vec![1; 100]);
        change(message, |m| m.lane = lane);
        message
    };
    let batch =
        [to(a, 0), to(c, 0), to(a, 7), to(c, 0), to(a, 0), null_mut(), to(0, 0), to(0, 0), to(12345, 0)];
    let (results, left) = send_messages(&batch, false);
    assert_eq!(results, [1, 1, -8, 2, 0, -8, -8, -8, -8]);
    let kept: Vec<bool> = left.iter().map(|m| !m.is_null()).collect();
    assert_eq!(kept, [false, false, true, false, true, false, true, true, true]);
    assert_eq!(FREED.load(SeqCst), 3, "small ones are copied");
    left.into_iter().filter(|m| !m.is_null()).for_each(release);
    assert_eq!(FREED.load(SeqCst), 8);
    let (results, _) = send_messages(&[to(a, 9), to(a, 0)], true);
    assert_eq!((results, FREED.load(SeqCst)), (vec![-8, 0], 10));
    let nonsense = to(a, 0);
    change(nonsense, |m| m.size = -1);
    assert_eq!(send_messages(&[nonsense], true).0, [-8]);
    let too_big = own(a, vec![1; 600_000]);
    assert_eq!(send_messages(&[too_big], false).0, [-8]);
    change(too_big, |m| assert_eq!(m.size, 600_000));
    release(too_big);
    assert_eq!(FREED.load(SeqCst), 12);
    for conn in [a, b, c, d] {
        close(conn);
    }
}

#[test]
fn messages_outlive_the_library() {
    let _started = start();
    let (a, b) = pair(true);
    assert_eq!(send(a, &[7; 2000], RELIABLE), 1);
    let message = one(b);
    let empty = allocate(50);
    c!(library::GameNetworkingSockets_Kill());
    assert_eq!(bytes(message), vec![7; 2000]);
    release(message);
    release(empty);
    let before = allocate(10);
    change(before, |m| m.conn = a);
    assert_eq!(send_messages(&[before], true).0, [-8], "nothing runs; it was released all the same");
}

#[test]
fn four_threads_send_receive_and_release() {
    const EACH: usize = 250_000;
    let _started = start();
    let pairs: Vec<(u32, u32)> = (0..2).map(|_| pair(true)).collect();
    let group = c!(sockets::SteamAPI_ISteamNetworkingSockets_CreatePollGroup(THIS));
    for (a, b) in &pairs {
        for conn in [*a, *b] {
            for (key, value) in
                [(10, 0x1000_0000), (11, 0x1000_0000), (9, 1 << 24), (47, 1 << 24), (48, 1 << 20)]
            {
                assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueInt32(
                    THIS, conn, key, value
                )));
            }
            assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup(THIS, conn, group)));
        }
    }
    let received = AtomicUsize::new(0);
    let conns: Vec<u32> = pairs.into_iter().flat_map(|(a, b)| [a, b]).collect();
    std::thread::scope(|scope| {
        for conn in conns.clone() {
            let received = &received;
            scope.spawn(move || {
                let mut sent = 0;
                while sent < EACH || received.load(SeqCst) < 4 * EACH {
                    for _ in 0..64 {
                        if sent < EACH && send_one(conn, sent) {
                            sent += 1;
                        }
                    }
                    received.fetch_add(drain(group), SeqCst);
                }
            });
        }
    });
    assert_eq!(received.load(SeqCst), 4 * EACH);
}

/// Two threads write to one message, which the rules forbid: what looks for races must see this one.
#[cfg(thread_sanitizer)]
#[test]
fn a_race_of_the_program_is_seen() {
    let message = allocate(10);
    let address = message as usize;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || (0..1000).for_each(|i| change(address as *mut Message, |m| m.user_data = i)));
        }
    });
    release(message);
}

/// Every third message is the application's own buffer, every 1000th a large one.
fn send_one(conn: u32, number: usize) -> bool {
    if !number.is_multiple_of(3) {
        return send(conn, &number.to_ne_bytes(), RELIABLE) == 1;
    }
    let size = if number.is_multiple_of(999) { 10_000 } else { 16 };
    send_messages(&[own(conn, vec![1; size])], true).0[0] > 0
}

fn drain(group: u32) -> usize {
    let mut out = [null_mut(); 64];
    let count = c!(sockets::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup(
        THIS,
        group,
        out.as_mut_ptr(),
        64
    ));
    let count = usize::try_from(count).unwrap();
    out[..count].iter().for_each(|message| release(*message));
    count
}
