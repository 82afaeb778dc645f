//! What functions do when all is well, as the interface documents it.

use crate::c::{
    THIS, allocate, changes, close, copy, free_port, identity_text, info, listen_to_changes, localhost, pair,
    receive, release, run_callbacks, send, start, text, text_at, text_of, try_pair, turn, wait, zeroed,
};
use GameNetworkingSockets::abi::structs::{
    AuthStatus, ConfigValue, IPAddr, Identity, LaneStatus, PingLocation, RealTimeStatus, StatusChanged,
};
use GameNetworkingSockets::exports::{library, sockets, structs, utils};
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};

fn listen(port: u16, options: &[ConfigValue]) -> u32 {
    let address = localhost(port);
    c!(sockets::SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(
        THIS,
        &raw const address,
        options.len() as i32,
        options.as_ptr()
    ))
}

fn connect(port: u16, options: &[ConfigValue]) -> u32 {
    let address = localhost(port);
    c!(sockets::SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress(
        THIS,
        &raw const address,
        options.len() as i32,
        options.as_ptr()
    ))
}

fn int_option(key: i32, value: i32) -> ConfigValue {
    let mut val = [0; 8];
    val[..4].copy_from_slice(&value.to_ne_bytes());
    ConfigValue::new(key, 1, val)
}

fn accept(conn: u32) -> i32 {
    c!(sockets::SteamAPI_ISteamNetworkingSockets_AcceptConnection(THIS, conn))
}

/// An option that one of the functions for it made.
fn made(make: impl FnOnce(*mut ConfigValue)) -> (i32, i32, [u8; 8]) {
    let mut option = ConfigValue::new(-1, -1, [0xff; 8]);
    make(&raw mut option);
    (option.value, option.data_type, option.val)
}

#[test]
fn options_are_made_by_functions_too() {
    let eight = |bytes: &[u8]| std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0));
    let name = c"somewhere";
    let there = name.as_ptr() as usize;
    let int32 = made(|o| c!(structs::SteamAPI_SteamNetworkingConfigValue_t_SetInt32(o, 9, -2)));
    assert_eq!(int32, (9, 1, eight(&(-2_i32).to_ne_bytes())));
    let int64 = made(|o| c!(structs::SteamAPI_SteamNetworkingConfigValue_t_SetInt64(o, 40, i64::MIN)));
    assert_eq!(int64, (40, 2, i64::MIN.to_ne_bytes()));
    let float = made(|o| c!(structs::SteamAPI_SteamNetworkingConfigValue_t_SetFloat(o, 2, 0.5)));
    assert_eq!(float, (2, 3, eight(&0.5_f32.to_ne_bytes())));
    let text = made(|o| c!(structs::SteamAPI_SteamNetworkingConfigValue_t_SetString(o, 103, name.as_ptr())));
    assert_eq!(text, (103, 4, eight(&there.to_ne_bytes())));
    let pointer = made(|o| {
        c!(structs::SteamAPI_SteamNetworkingConfigValue_t_SetPtr(o, 201, name.as_ptr().cast_mut().cast()))
    });
    assert_eq!(pointer, (201, 5, eight(&there.to_ne_bytes())));
}

#[test]
fn a_connection_from_listen_to_close() {
    let _started = start();
    listen_to_changes();
    let port = free_port();
    let listener = listen(port, &[]);
    assert_ne!(listener, 0);
    assert_eq!(listen(port, &[]), 0, "the address is taken");
    assert_eq!(listen(0, &[]), 0, "a port is needed");
    assert_eq!(connect(0, &[]), 0);
    let mut address = IPAddr::default();
    assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_GetListenSocketAddress(
        THIS,
        listener,
        &raw mut address
    )));
    assert_eq!(address, localhost(port));

    let client = connect(port, &[]);
    let mut first = Vec::new();
    wait(|| {
        first.extend(changes());
        (first.len() == 2).then_some(())
    });
    assert_eq!(first[0], (client, 0, 1));
    let server = first[1].0;
    assert_eq!(first[1], (server, 0, 1));
    assert_eq!(info(server).unwrap().listen_socket, listener);
    assert_eq!((accept(client), accept(0)), (8, 8));
    assert_eq!((accept(server), accept(server)), (1, 11));
    let mut seen = Vec::new();
    wait(|| {
        seen.extend(changes());
        (seen.len() == 2).then_some(())
    });
    seen.sort_unstable();
    let mut expect = [(client, 1, 3), (server, 1, 3)];
    expect.sort_unstable();
    assert_eq!(seen, expect);

    assert_eq!(send(client, b"hello", 8), 1);
    let message = wait(|| receive(server, 10).pop());
    release(message);
    let name = text("the other one, with a name that is too long");
    c!(sockets::SteamAPI_ISteamNetworkingSockets_SetConnectionName(THIS, server, name.as_ptr()));
    let mut room = [1 as c_char; 64];
    assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_GetConnectionName(
        THIS,
        server,
        room.as_mut_ptr(),
        64
    )));
    assert_eq!(text_of(&room), "the other one, with a name that");
    assert!(text_of(&info(server).unwrap().description).contains("the other one"));

    let bye = text("that was all");
    assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_CloseConnection(
        THIS,
        client,
        1234,
        bye.as_ptr(),
        0
    )));
    assert!(!close(client) && info(client).is_none());
    let (conn, old, new) = wait(|| changes().into_iter().find(|change| change.0 == server));
    assert_eq!((conn, old, new), (server, 3, 4));
    let facts = info(server).unwrap();
    assert_eq!(({ facts.end_reason }, text_of(&facts.end_debug)), (1234, "that was all".to_owned()));
    assert!(close(server));
    let close_listener =
        |socket| c!(sockets::SteamAPI_ISteamNetworkingSockets_CloseListenSocket(THIS, socket));
    assert_eq!((close_listener(listener), close_listener(listener)), (true, false));
}

#[test]
fn callbacks_of_options_are_used_and_may_call_back() {
    static ACCEPTED: AtomicU32 = AtomicU32::new(0);
    static CLOSED: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn server_side(change: *mut StatusChanged) {
        let change = copy(change);
        match change.info.state {
            1 => {
                assert_eq!(accept(change.conn), 1);
                ACCEPTED.store(change.conn, SeqCst);
                // Of no use, and allowed.
                run_callbacks();
            }
            4 => {
                assert!(close(change.conn));
            }
            0 => {
                CLOSED.fetch_add(1, SeqCst);
            }
            _ => {}
        }
    }
    let _started = start();
    let function = server_side as extern "C" fn(*mut StatusChanged) as usize;
    let option = ConfigValue::new(201, 5, function.to_ne_bytes());
    let port = free_port();
    assert_ne!(listen(port, &[option, int_option(12, 0)]), 0);
    // The client has no callback: its events go nowhere.
    let client = connect(port, &[]);
    wait(|| {
        run_callbacks();
        (info(client)?.state == 3).then_some(())
    });
    let server = ACCEPTED.load(SeqCst);
    let mut value = 0_i32;
    let mut size = 4;
    let get = c!(utils::SteamAPI_ISteamNetworkingUtils_GetConfigValue(
        THIS,
        12,
        4,
        server as isize,
        null_mut(),
        (&raw mut value).cast(),
        &raw mut size
    ));
    assert_eq!((get, value), (2, 0), "inherited from the listen socket");
    assert!(close(client));
    wait(|| {
        run_callbacks();
        (CLOSED.load(SeqCst) == 1).then_some(())
    });
}

#[test]
fn bad_options_make_nothing() {
    let _started = start();
    let port = free_port();
    let bad = [
        int_option(0, 1),
        int_option(61, 1),
        int_option(2, 1),
        int_option(33, 1),
        ConfigValue::new(9, 99, [0; 8]),
        ConfigValue::new(9, 4, [0; 8]),
        ConfigValue::new(9, 5, [1; 8]),
        // What the headers of 1.4.1 make of a text.
        ConfigValue::new(103, 5, (c"host:1".as_ptr() as usize).to_ne_bytes()),
    ];
    for option in bad {
        assert_eq!((listen(port, &[option]), connect(port, &[option])), (0, 0), "{option:?}");
    }
    let address = localhost(port);
    for count in [-1, 1, 257, i32::MAX] {
        assert_eq!(
            c!(sockets::SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(
                THIS,
                &raw const address,
                count,
                null()
            )),
            0
        );
    }
    let listener = listen(port, &[int_option(9, 100_000)]);
    assert_ne!(listener, 0);
}

fn get(key: i32, scope: i32, object: isize) -> (i32, i32, i32) {
    let (mut kind, mut value, mut size) = (0, 0_i32, 4);
    let result = c!(utils::SteamAPI_ISteamNetworkingUtils_GetConfigValue(
        THIS,
        key,
        scope,
        object,
        &raw mut kind,
        (&raw mut value).cast(),
        &raw mut size
    ));
    (result, kind, value)
}

fn set_global(key: i32, value: i32) -> bool {
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueInt32(THIS, key, value))
}

fn reset_global(key: i32) {
    assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_SetConfigValue(THIS, key, 1, 0, 1, null())));
}

#[test]
fn settings_of_the_process_outlive_the_library() {
    {
        let _turn = turn();
        assert_eq!(get(10, 1, 0), (1, 1, 262_144));
        assert!(set_global(10, 500_000) && set_global(10, 1));
        assert_eq!(get(10, 1, 0), (1, 1, 1024), "brought into range");
        assert!(!set_global(33, 1) && !set_global(61, 1));
        assert!(!c!(utils::SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueInt32(THIS, 5, 10, 1)));
    }
    {
        let _started = start();
        assert_eq!(get(10, 1, 0), (1, 1, 1024));
        assert!(set_global(11, 700_000));
    }
    let _started = start();
    assert_eq!((get(10, 1, 0), get(11, 1, 0)), ((1, 1, 1024), (1, 1, 700_000)));
    for key in [10, 11] {
        reset_global(key);
        assert_eq!(get(key, 1, 0), (1, 1, 262_144));
    }
}

#[test]
fn settings_have_names_types_scopes_and_sizes() {
    let _started = start();
    let (mut kind, mut scope) = (0, 0);
    let name =
        c!(utils::SteamAPI_ISteamNetworkingUtils_GetConfigValueInfo(THIS, 24, &raw mut kind, &raw mut scope));
    assert_eq!((text_at(name).as_str(), kind, scope), ("TimeoutInitial", 1, 4));
    assert!(
        c!(utils::SteamAPI_ISteamNetworkingUtils_GetConfigValueInfo(THIS, 61, null_mut(), null_mut()))
            .is_null()
    );
    let next = |key, dev| {
        c!(utils::SteamAPI_ISteamNetworkingUtils_IterateGenericEditableConfigValues(THIS, key, u8::from(dev)))
    };
    for dev in [false, true] {
        let (mut key, mut count) = (next(0, dev), 0);
        while key != 0 {
            count += 1;
            let following = next(key, dev);
            assert!(following == 0 || following > key);
            key = following;
        }
        assert!(count > 60, "{count}");
    }
    assert_eq!(next(61, true), 0);
    let servers = text("stun.example.net:3478");
    assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueString(
        THIS,
        103,
        servers.as_ptr()
    )));
    let (mut size, mut kind) = (0, 0);
    let ask = |room: *mut c_void, size: *mut usize, kind: *mut i32| {
        c!(utils::SteamAPI_ISteamNetworkingUtils_GetConfigValue(THIS, 103, 1, 0, kind, room, size))
    };
    assert_eq!((ask(null_mut(), &raw mut size, &raw mut kind), size, kind), (-3, 22, 4));
    let mut room = [0 as c_char; 22];
    size = 21;
    assert_eq!((ask(room.as_mut_ptr().cast(), &raw mut size, null_mut()), size), (-3, 22));
    assert_eq!((ask(room.as_mut_ptr().cast(), &raw mut size, null_mut()), size), (1, 22));
    assert_eq!(text_of(&room), "stun.example.net:3478");
    assert_eq!(ask(room.as_mut_ptr().cast(), null_mut(), null_mut()), -3, "no size, no room");
    assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueString(THIS, 103, null())));
    let object = c!(library::SteamNetworkingSockets_LibV12()).as_ptr() as isize;
    let nagle = int_option(12, 1234);
    let set = |scope, object| {
        c!(utils::SteamAPI_ISteamNetworkingUtils_SetConfigValueStruct(THIS, &raw const nagle, scope, object))
    };
    assert_eq!(
        (set(2, object), set(2, 0), set(0, 0), set(5, 0), set(4, -1)),
        (true, false, false, false, false)
    );
    let (a, b) = pair(true);
    assert_eq!(get(12, 4, a as isize), (2, 1, 1234));
    assert!(set(4, a as isize));
    assert_eq!((get(12, 4, a as isize).0, get(12, 4, b as isize).0), (1, 2));
    assert_eq!((get(12, 4, 5), get(61, 1, 0), get(2, 4, a as isize)), ((-2, 0, 0), (-1, 0, 0), (-2, 0, 0)));
    assert!(!c!(utils::SteamAPI_ISteamNetworkingUtils_SetConfigValueStruct(THIS, null(), 1, 0)));
    let float = 2.6_f32;
    let convert = |kind: i32, value: *const c_void| {
        c!(utils::SteamAPI_ISteamNetworkingUtils_SetConfigValue(THIS, 12, 4, a as isize, kind, value))
    };
    assert!(convert(3, (&raw const float).cast()));
    assert_eq!(get(12, 4, a as isize), (1, 1, 3));
    assert!(convert(4, text("400us").as_ptr().cast()));
    assert_eq!(get(12, 4, a as isize), (1, 1, 400));
    assert!(!convert(4, text("soon").as_ptr().cast()) && !convert(5, (&raw const float).cast()));
    assert!(convert(1, null()));
    assert_eq!(get(12, 4, a as isize).0, 2);
    assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_SetConfigValue(THIS, 12, 2, object, 1, null())));
}

#[test]
fn debug_output_is_by_level_and_can_be_taken_over() {
    static LINES: Mutex<Vec<(i32, String)>> = Mutex::new(Vec::new());
    extern "C" fn on_line(level: i32, line: *const c_char) {
        LINES.lock().unwrap().push((level, text_at(line)));
    }
    extern "C" fn handler(
        level: i32,
        format: bool,
        file: *const c_char,
        line: i32,
        message: *const c_char,
        arguments: *mut c_void,
    ) {
        assert!(!format && !arguments.is_null());
        LINES.lock().unwrap().push((100 + level, text_at(message)));
        c!(library::SteamNetworkingSockets_DefaultPreFormatDebugOutputHandler(
            level,
            u8::from(format),
            file,
            line,
            message,
            arguments
        ));
    }
    let _started = start();
    let take = || std::mem::take(&mut *LINES.lock().unwrap());
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(THIS, 2, Some(on_line)));
    assert_eq!(listen(0, &[]), 0);
    let lines = take();
    assert_eq!((lines.len(), lines[0].0), (1, 2));
    assert!(lines[0].1.starts_with("CreateListenSocketIP"));
    c!(library::SteamNetworkingSockets_SetPreFormatDebugOutputHandler(2, Some(handler)));
    assert_eq!(listen(0, &[]), 0);
    let levels: Vec<i32> = take().iter().map(|line| line.0).collect();
    assert_eq!(levels, [102, 2]);
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(THIS, 1, Some(on_line)));
    assert_eq!(listen(0, &[]), 0);
    assert_eq!(take(), []);
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(THIS, 8, None));
    assert_eq!(listen(0, &[]), 0);
    assert_eq!(take(), []);
}

#[test]
fn figures_of_connections_and_lanes() {
    let _started = start();
    let (a, b) = pair(true);
    let lanes = |conn, count, priorities: *const i32, weights: *const u16| {
        c!(sockets::SteamAPI_ISteamNetworkingSockets_ConfigureConnectionLanes(
            THIS, conn, count, priorities, weights
        ))
    };
    let (priorities, weights) = ([1, 0, 1], [3_u16, 1, 0]);
    assert_eq!(lanes(a, 3, priorities.as_ptr(), weights.as_ptr()), 8, "weight 0");
    assert_eq!(lanes(a, 2, priorities.as_ptr(), weights.as_ptr()), 1);
    assert_eq!((lanes(a, 1, null(), null()), lanes(a, 3, null(), null())), (8, 1), "lanes stay");
    assert_eq!(
        (lanes(a, 0, null(), null()), lanes(a, 256, null(), null()), lanes(a, -1, null(), null())),
        (8, 8, 8)
    );
    assert_eq!(lanes(5, 1, null(), null()), 3);
    let mut status: RealTimeStatus = zeroed();
    let mut of_lanes: [LaneStatus; 4] = zeroed();
    let real_time = |conn, status: *mut RealTimeStatus, count, room: *mut LaneStatus| {
        c!(sockets::SteamAPI_ISteamNetworkingSockets_GetConnectionRealTimeStatus(
            THIS, conn, status, count, room
        ))
    };
    let room = of_lanes.as_mut_ptr();
    assert_eq!(real_time(a, &raw mut status, 3, room), 1);
    assert_eq!({ status.state }, 3);
    assert_eq!(real_time(a, null_mut(), 0, null_mut()), 1);
    assert_eq!((real_time(a, null_mut(), 4, room), real_time(a, null_mut(), -1, room)), (8, 8));
    assert_eq!((real_time(a, null_mut(), 1, null_mut()), real_time(1, null_mut(), 0, null_mut())), (8, 3));
    let detailed = |conn, room: *mut c_char, size| {
        c!(sockets::SteamAPI_ISteamNetworkingSockets_GetDetailedConnectionStatus(THIS, conn, room, size))
    };
    let needed = detailed(a, null_mut(), 0);
    assert!(needed > 1024);
    let mut room = vec![1 as c_char; needed as usize];
    assert_eq!(detailed(a, room.as_mut_ptr(), 10), detailed(a, null_mut(), 0));
    assert_eq!(text_of(&room).len(), 9);
    assert_eq!((detailed(a, room.as_mut_ptr(), needed), detailed(7, room.as_mut_ptr(), needed)), (0, -1));
    assert!(text_of(&room).contains("lane 2"));
    let flush = |conn| c!(sockets::SteamAPI_ISteamNetworkingSockets_FlushMessagesOnConnection(THIS, conn));
    assert!(close(b));
    wait(|| (info(a)?.state == 4).then_some(()));
    assert_eq!((flush(a), flush(b), send(a, b"x", 8), send(b, b"x", 8)), (3, 8, 3, 8));
    assert_eq!(lanes(a, 3, null(), null()), 11);
}

#[test]
fn poll_groups_gather() {
    let _started = start();
    let create = || c!(sockets::SteamAPI_ISteamNetworkingSockets_CreatePollGroup(THIS));
    let join =
        |conn, group| c!(sockets::SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup(THIS, conn, group));
    let destroy = |group| c!(sockets::SteamAPI_ISteamNetworkingSockets_DestroyPollGroup(THIS, group));
    let fetch = |group, max| {
        let mut out = [null_mut(); 8];
        let count = c!(sockets::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup(
            THIS,
            group,
            out.as_mut_ptr(),
            max
        ));
        out.iter().take(count.max(0) as usize).for_each(|message| release(*message));
        count
    };
    let (a, b) = pair(false);
    let group = create();
    assert!(join(b, group) && !join(b, a) && !join(1, group));
    assert_eq!(send(a, b"one", 8), 1);
    assert_eq!((fetch(group, 8), fetch(group, 8), fetch(group, 0), fetch(group, -1)), (1, 0, 0, 0));
    assert_eq!(send(a, b"two", 8), 1);
    assert!(join(b, 0));
    assert_eq!(fetch(group, 8), 0);
    let back = receive(b, 8);
    assert_eq!(back.len(), 1);
    back.into_iter().for_each(release);
    assert_eq!((destroy(group), destroy(group), fetch(group, 8), fetch(b, 8)), (true, false, -1, -1));
}

#[test]
fn identities_and_addresses_as_text() {
    let _turn = turn();
    let mut identity: Identity = zeroed();
    let parse = |identity: *mut Identity, size, from: &str| {
        c!(library::SteamNetworkingIdentity_ParseString(identity, size, text(from).as_ptr()))
    };
    let size = size_of::<Identity>();
    for good in
        ["str:Locke Lamora", "gen:0aff", "ip:192.168.0.0:27015", "xboxpwid:8fg37rfsdf", "stadia:5", "psn:5"]
    {
        assert!(parse(&raw mut identity, size, good));
        assert_eq!(identity_text(&identity), good);
    }
    for bad in ["", "invalid", "gen:", "gen:0", "xboxpwid:", "steamid:5", "Str:x", ":x"] {
        assert!(!parse(&raw mut identity, size, bad), "{bad}");
    }
    assert!(!parse(&raw mut identity, size - 1, "str:x"));
    assert_eq!(identity_text(&identity), "psn:5", "failure changes nothing");
    c!(structs::SteamAPI_SteamNetworkingIdentity_SetLocalHost(&raw mut identity));
    assert_eq!(identity_text(&identity), "ip:::1");
    assert!(c!(structs::SteamAPI_SteamNetworkingIdentity_IsLocalHost(&raw mut identity)));
    let long = text(&"x".repeat(32));
    assert!(!c!(structs::SteamAPI_SteamNetworkingIdentity_SetGenericString(
        &raw mut identity,
        long.as_ptr()
    )));
    let fits = text(&"x".repeat(31));
    assert!(c!(structs::SteamAPI_SteamNetworkingIdentity_SetGenericString(&raw mut identity, fits.as_ptr())));
    let inside = c!(structs::SteamAPI_SteamNetworkingIdentity_GetGenericString(&raw mut identity));
    assert_eq!(text_at(inside), "x".repeat(31));
    assert_eq!(inside.addr() - (&raw const identity).addr(), 8);
    assert!(c!(structs::SteamAPI_SteamNetworkingIdentity_GetXboxPairwiseID(&raw mut identity)).is_null());
    c!(structs::SteamAPI_SteamNetworkingIdentity_SetSteamID(&raw mut identity, 76_561_197_960_287_930));
    assert_eq!(identity_text(&identity), "steamid:76561197960287930");

    let mut addr = IPAddr::default();
    let mut room = [0; 48];
    for (from, with, without) in [
        ("1.2.3.4:80", "1.2.3.4:80", "1.2.3.4"),
        ("1.2.3.4", "1.2.3.4:0", "1.2.3.4"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443", "2001:db8::1"),
    ] {
        assert!(c!(library::SteamNetworkingIPAddr_ParseString(&raw mut addr, text(from).as_ptr())));
        for (port, expect) in [(1, with), (0, without)] {
            c!(library::SteamNetworkingIPAddr_ToString(&raw const addr, room.as_mut_ptr(), 48, port));
            assert_eq!(text_of(&room), expect);
        }
    }
    c!(library::SteamNetworkingIPAddr_ToString(&raw const addr, room.as_mut_ptr(), 5, 1));
    assert_eq!(text_of(&room), "[200");
    for (ip, kind) in [("1.2.3.4", 1), ("169.254.13.42", 2), ("169.254.249.16", 3), ("::1", 1), ("::", 0)] {
        assert!(c!(library::SteamNetworkingIPAddr_ParseString(&raw mut addr, text(ip).as_ptr())));
        assert_eq!(c!(library::SteamNetworkingIPAddr_GetFakeIPType(&raw const addr)), kind, "{ip}");
    }
    let mut location: PingLocation = zeroed();
    let here = text("fra=20+3,ams=9/8");
    assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_ParsePingLocationString(
        THIS,
        here.as_ptr(),
        &raw mut location
    )));
    assert_eq!(
        c!(utils::SteamAPI_ISteamNetworkingUtils_EstimatePingTimeBetweenTwoLocations(
            THIS,
            &raw const location,
            &raw const location
        )),
        16
    );
}

#[test]
fn certificates_are_asked_for_and_refused() {
    let _started = start();
    let request = |size: *mut i32, room: *mut c_void, text: &mut [c_char; 1024]| {
        let text = (&raw mut *text).cast();
        c!(sockets::SteamAPI_ISteamNetworkingSockets_GetCertificateRequest(THIS, size, room, text))
    };
    let mut error = [0; 1024];
    let mut size = 0;
    assert!(request(&raw mut size, null_mut(), &mut error) && size > 30);
    let needed = size;
    let mut room = vec![0_u8; needed as usize];
    size = needed - 1;
    assert!(!request(&raw mut size, room.as_mut_ptr().cast(), &mut error) && size == needed);
    assert!(text_of(&error).contains(&needed.to_string()));
    assert!(request(&raw mut size, room.as_mut_ptr().cast(), &mut error));
    let set = |data: *const c_void, size, text: &mut [c_char; 1024]| {
        let text = (&raw mut *text).cast();
        c!(sockets::SteamAPI_ISteamNetworkingSockets_SetCertificate(THIS, data, size, text))
    };
    error = [0; 1024];
    assert!(!set(room.as_ptr().cast(), needed, &mut error) && !text_of(&error).is_empty());
    assert!(!set(null(), 5, &mut error) && !set(room.as_ptr().cast(), -1, &mut error));
    let mut status: AuthStatus = zeroed();
    let how = c!(sockets::SteamAPI_ISteamNetworkingSockets_GetAuthenticationStatus(THIS, &raw mut status));
    assert_eq!((how, { status.avail }), (-102, -102));
    assert_eq!(c!(sockets::SteamAPI_ISteamNetworkingSockets_InitAuthentication(THIS)), -102);
    let mut identity: Identity = zeroed();
    assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_GetIdentity(THIS, &raw mut identity)));
    assert_eq!(identity_text(&identity), "ip:::1");
}

#[test]
fn init_and_kill_come_in_any_number() {
    let _turn = turn();
    let mut error = [0 as c_char; 1024];
    let mut nonsense: Identity = zeroed();
    nonsense.kind = 99;
    let init = |identity: *const Identity, error: &mut [c_char; 1024]| {
        c!(library::GameNetworkingSockets_Init(identity, (&raw mut *error).cast()))
    };
    assert!(!init(&raw const nonsense, &mut error) && text_of(&error).contains("malformed"));
    assert!(init(null(), &mut error) && init(null(), &mut error));
    c!(library::GameNetworkingSockets_Kill());
    c!(library::GameNetworkingSockets_Kill());
    let mut name: Identity = zeroed();
    let text = text("somebody");
    assert!(c!(structs::SteamAPI_SteamNetworkingIdentity_SetGenericString(&raw mut name, text.as_ptr())));
    assert!(init(&raw const name, &mut error));
    let mut identity: Identity = zeroed();
    assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_GetIdentity(THIS, &raw mut identity)));
    assert_eq!(identity_text(&identity), "str:somebody");
    let (a, _b) = pair(true);
    c!(sockets::SteamAPI_ISteamNetworkingSockets_ResetIdentity(THIS, null()));
    assert!(info(a).is_none());
    c!(library::GameNetworkingSockets_Kill());
}

#[test]
fn kill_may_come_while_others_work() {
    for _ in 0..20 {
        let started = start();
        let (a, b) = pair(true);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || {
                    for n in 0..400 {
                        send(a, &[1; 100], 8);
                        let mut out = [null_mut(); 4];
                        let count =
                            c!(sockets::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(
                                THIS,
                                b,
                                out.as_mut_ptr(),
                                4
                            ));
                        out.iter().take(count.max(0) as usize).for_each(|message| release(*message));
                        if n % 50 == 0 {
                            try_pair(n % 100 == 0 && info(a).is_some());
                            run_callbacks();
                        }
                        release(allocate(n));
                    }
                });
            }
            c!(library::GameNetworkingSockets_Kill());
        });
        drop(started);
    }
}

#[test]
fn manual_polling_needs_no_thread() {
    let _turn = turn();
    c!(library::SteamNetworkingSockets_SetManualPollMode(1));
    assert!(c!(library::GameNetworkingSockets_Init(null(), null_mut())));
    let (a, b) = pair(true);
    assert_eq!(send(a, b"hello", 9), 1);
    assert!(receive(b, 1).is_empty());
    let message = wait(|| {
        c!(library::SteamNetworkingSockets_Poll(5));
        receive(b, 1).pop()
    });
    release(message);
    c!(library::GameNetworkingSockets_Kill());
    c!(library::SteamNetworkingSockets_SetManualPollMode(0));
    c!(library::SteamNetworkingSockets_Poll(0));
}

#[test]
fn the_thread_says_hello() {
    static BEGAN: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn began() {
        BEGAN.fetch_add(1, SeqCst);
    }
    let _turn = turn();
    c!(library::SteamNetworkingSockets_SetServiceThreadInitCallback(Some(began)));
    assert!(c!(library::GameNetworkingSockets_Init(null(), null_mut())));
    c!(library::GameNetworkingSockets_Kill());
    c!(library::SteamNetworkingSockets_SetServiceThreadInitCallback(None));
    assert_eq!(BEGAN.load(SeqCst), 1);
}
