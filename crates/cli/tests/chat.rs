//! A server and two clients, as real processes.

mod common;

use common::Running;

#[test]
fn a_conversation_between_processes() {
    let (mut server, address) = Running::listening(&["chat", "server", "--listen", "127.0.0.1:0"]);
    let mut ada = Running::start(&["chat", "client", &address, "--nick", "Ada"]);
    ada.until("You are now known as Ada.");
    let mut bob = Running::start(&["chat", "client", &address]);
    bob.until("Ada is here.");
    ada.until("guest-2 joined.");
    bob.say("/nick Bob");
    ada.until("guest-2 is now known as Bob.");
    ada.say("  how are you?  ");
    bob.until("Ada: how are you?");
    bob.say("fine, привет");
    ada.until("Bob: fine, привет");
    server.until("Bob: fine, привет");
    assert_eq!(ada.seen("Ada: how are you?"), 0, "one's own words do not come back");
    bob.say("/quit");
    assert_eq!(bob.wait(), 0);
    ada.until("Bob left.");
    server.until("- Bob");
    server.say("/quit");
    assert_eq!(server.wait(), 0);
    ada.until("The server is closing");
    ada.until("the server closed the connection");
    assert_eq!(ada.wait(), 0);
}

#[test]
fn what_was_said_before_the_end_of_input_arrives() {
    let (mut server, address) = Running::listening(&["chat", "server", "--listen", "127.0.0.1:0"]);
    let mut listener = Running::start(&["chat", "client", &address]);
    listener.until("Welcome");
    let mut speaker = Running::start(&["chat", "client", &address]);
    for n in 0..500 {
        speaker.say(&format!("line {n} {}", "x".repeat(700)));
    }
    assert_eq!(speaker.wait(), 0);
    for n in 0..500 {
        listener.until(&format!("line {n} "));
    }
    listener.until("left.");
    server.until("(1000");
    server.interrupt();
    assert_eq!(server.wait(), 0);
    listener.until("The server is closing");
}

#[test]
fn lines_that_are_too_long_are_not_said() {
    let (_server, address) = Running::listening(&["chat", "server", "--listen", "127.0.0.1:0"]);
    let mut client = Running::start(&["chat", "client", &address]);
    client.until("Welcome");
    client.say(&"x".repeat(901));
    client.until("not said");
    assert_eq!(client.wait(), 1);
}

#[test]
fn a_server_that_dies_is_noticed() {
    let (mut server, address) =
        Running::listening(&["chat", "server", "--listen", "127.0.0.1:0", "--detached"]);
    let mut client = Running::start(&["chat", "client", &address]);
    client.until("Welcome");
    server.kill();
    client.until("connection lost");
    client.until(&address);
}
