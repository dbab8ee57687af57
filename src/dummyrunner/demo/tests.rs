//! The game, played by bytes under a clock that stands still unless it is moved.

use super::limits::{TOO_FAST, TOO_LONG, TOO_MANY_ACCOUNTS, TOO_MANY_FAILURES, WRONG_LOGIN};
use super::world::{MOST_OBJECTS, MOST_ROOMS};
use super::*;
use crate::dummyrunner::telnet::{Client, Event, Settings, Telnet, push_command, push_gmcp, without_escapes};
use proptest::prelude::*;

struct Play {
    game: Game,
    now: Now,
}

impl Play {
    fn new(options: Options) -> Play {
        Play {
            game: Game::new(&options),
            now: Now {
                running: Duration::ZERO,
                unix: 1_700_000_000.25,
            },
        }
    }

    fn connect(&mut self) -> u32 {
        self.game.connect(Ipv4Addr::LOCALHOST.into(), self.now)
    }

    fn wait(&mut self, time: Duration) {
        self.now.running += time;
        self.now.unix += time.as_secs_f64();
        self.game.tick(self.now);
    }

    /// All that is ready for a session; it is taken.
    fn bytes(&mut self, id: u32) -> Vec<u8> {
        let bytes = self.game.output(id).to_vec();
        self.game.sent(id, bytes.len());
        bytes
    }

    /// The same as lines of text, as a client without options sees it.
    fn text(&mut self, id: u32) -> String {
        let (bytes, mut text) = (self.bytes(id), Vec::new());
        let mut client = Telnet::new(Settings::client(Client::Evennia).into());
        client.receive(&bytes, &mut Vec::new(), |event| {
            if let Event::Text(part) = event {
                text.extend_from_slice(part);
            }
        });
        String::from_utf8_lossy(&without_escapes(&text)).replace("\r\n", "\n")
    }

    fn send(&mut self, id: u32, line: &str) {
        let mut bytes = Vec::new();
        push_command(&mut bytes, line.as_bytes());
        self.game.receive(id, &bytes, self.now);
    }

    fn type_line(&mut self, id: u32, line: &str) -> String {
        self.text(id);
        self.send(id, line);
        self.text(id)
    }

    /// Someone new, in the game.
    fn enter(&mut self, name: &str) -> u32 {
        let id = self.connect();
        self.send(id, &format!("create {name} secret"));
        self.send(id, "yes");
        let text = self.type_line(id, &format!("connect {name} secret"));
        assert!(text.contains(&format!("You become {name}.")), "{text}");
        id
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert!(text.contains(expected), "{expected:?} is not in {text:?}");
}

#[test]
fn the_welcome_screen_is_text_first_and_then_offers() {
    let mut play = Play::new(Options::default());
    let id = play.connect();
    let bytes = play.bytes(id);
    assert!(
        !bytes.starts_with(b"\xff"),
        "the original ignores a read that begins with a command"
    );
    // GA, then DO TTYPE, DO NAWS, WILL CHARSET, EOR, MSSP and GMCP.
    let offers = b"\r\n\xff\xf9\xff\xfd\x18\xff\xfd\x1f\xff\xfb\x2a\xff\xfb\x19\xff\xfb\x46\xff\xfb\xc9";
    assert!(bytes.ends_with(offers), "{}", bytes.escape_ascii());
}

#[test]
fn an_account_is_made_and_played() {
    let mut play = Play::new(Options::default());
    let id = play.connect();
    check(&play.type_line(id, "connect Ada secret"), WRONG_LOGIN);
    check(
        &play.type_line(id, "create Ada secret"),
        "Is this what you intended? [Y]/N?",
    );
    check(&play.type_line(id, "n"), "No account was made.");
    play.send(id, "create Ada secret");
    check(
        &play.type_line(id, "yes"),
        "A new account 'Ada' was created. Welcome!",
    );
    check(
        &play.type_line(id, "create ada other"),
        "There is an account of this name already.",
    );
    check(&play.type_line(id, "connect Ada wrong"), WRONG_LOGIN);
    check(&play.type_line(id, "look"), "Welcome to the demo game");
    check(&play.type_line(id, "fly"), "Command 'fly' is not available.");
    assert_eq!(play.type_line(id, "idle"), "");
    let text = play.type_line(id, "conn ADA secret");
    check(&text, "You become Ada.");
    check(&text, "Limbo(#0)");
    check(&text, "Exits: north, south");
    assert_eq!(play.game.counts().wrong_logins, 2);
}

#[test]
fn any_answer_but_no_makes_the_account() {
    // Evennia takes the `connect` of a hasty client for the answer, too.
    let mut play = Play::new(Options::default());
    let id = play.connect();
    play.send(id, "create Ada secret");
    check(
        &play.type_line(id, "connect Ada secret"),
        "A new account 'Ada' was created.",
    );
    check(&play.type_line(id, "connect Ada secret"), "You become Ada.");
}

#[test]
fn a_password_is_asked_for_unseen() {
    let mut play = Play::new(Options::default());
    let id = play.connect();
    play.bytes(id);
    play.send(id, "create Ada");
    assert_eq!(play.bytes(id), b"\xff\xfb\x01Password: \xff\xf9");
    play.game.receive(id, b"\xff\xfd\x01", play.now);
    play.send(id, "secret");
    let bytes = play.bytes(id);
    assert!(
        bytes.starts_with(b"\r\n\xff\xfc\x01You want"),
        "{}",
        bytes.escape_ascii()
    );
    play.send(id, "y");
    play.send(id, "connect Ada");
    check(&play.type_line(id, "secret"), "You become Ada.");
    let shown = format!("{:?}", play.game);
    assert!(!shown.contains("secret"), "no password lies in memory");
}

#[test]
fn bad_names_and_passwords_are_refused() {
    let mut play = Play::new(Options::default());
    let id = play.connect();
    for line in [
        "create a%b secret",
        "create \u{e9}t\u{e9} secret",
        &format!("create {} secret", "x".repeat(41)),
    ] {
        check(&play.type_line(id, line), "A name has");
    }
    check(&play.type_line(id, "create Ada x"), "A password has");
    check(&play.type_line(id, "create"), "Usage");
    check(&play.type_line(id, "create \"two words\" secret"), "A name has");
}

#[test]
fn a_second_login_ends_the_first() {
    let mut play = Play::new(Options::default());
    let first = play.enter("Ada");
    let second = play.connect();
    play.text(first);
    check(&play.type_line(second, "connect Ada secret"), "You become Ada.");
    check(&play.text(first), "elsewhere");
    assert!(play.game.is_done(first));
    play.game.forget(first, play.now);
    check(&play.type_line(second, "who"), "1 in the game, 1 connected.");
}

#[test]
fn what_is_said_is_heard_where_it_should_be() {
    let mut play = Play::new(Options::default());
    let (ada, bob, eve) = (play.enter("Ada"), play.enter("Bob"), play.enter("Eve"));
    play.send(eve, "north");
    for id in [ada, bob, eve] {
        play.text(id);
    }
    check(&play.type_line(ada, "say Hello, all"), "You say, \"Hello, all\"");
    check(&play.text(bob), "Ada says, \"Hello, all\"\n");
    assert_eq!(play.text(eve), "");
    check(&play.type_line(ada, "'short"), "You say, \"short\"");
    check(&play.type_line(ada, ":waves."), "Ada waves.");
    check(&play.type_line(ada, "emote 's eyes shine"), "Ada's eyes shine");
    check(&play.text(bob), "Ada waves.\nAda's eyes shine");
    check(
        &play.type_line(ada, "page eve = psst"),
        "You paged Eve with: 'psst'.",
    );
    check(&play.text(eve), "Ada pages: psst");
    check(&play.type_line(ada, "tell Eve once more"), "You paged Eve");
    check(&play.type_line(ada, "tell Nobody hi"), "Nobody called 'Nobody'");
    check(&play.type_line(ada, "whisper bob = secret"), "You whisper to Bob");
    check(&play.type_line(ada, "whisper eve = secret"), "Could not find");
    play.text(eve);
    check(&play.type_line(eve, "pub to all"), "[Public] Eve: to all");
    check(&play.text(bob), "[Public] Eve: to all");
    play.send(bob, "channel off");
    play.text(bob);
    play.send(eve, "public again");
    assert_eq!(play.text(bob), "");
}

#[test]
fn rooms_can_be_walked_dug_and_left() {
    let mut play = Play::new(Options::default());
    let ada = play.enter("Ada");
    check(&play.type_line(ada, "n"), "Market Square(#1)");
    check(&play.type_line(ada, "South"), "Limbo(#0)");
    let text = play.type_line(ada, "@dig/tel testing_room_1 = exit_1;e1, exit_2");
    check(
        &text,
        "Created room testing_room_1(#4).\nExit there: exit_1, e1.\nExit back: exit_2.",
    );
    check(&text, "Exits: exit_2");
    check(&play.type_line(ada, "exit_2"), "Exits: north, south, exit_1");
    check(&play.type_line(ada, "E1"), "testing_room_1(#4)");
    check(&play.type_line(ada, "look exit_2"), "This way leads to Limbo.");
    check(&play.type_line(ada, "desc here = A bare cell."), "is set");
    check(&play.type_line(ada, "l"), "A bare cell.");
    check(
        &play.type_line(ada, "open out = Meadow"),
        "Created exit out to #3.",
    );
    check(&play.type_line(ada, "out"), "Meadow(#3)");
    check(
        &play.type_line(ada, "desc here = Mine!"),
        "only rooms that you dug",
    );
    check(
        &play.type_line(ada, "teleport TESTING_ROOM_1"),
        "testing_room_1(#4)",
    );
    check(
        &play.type_line(ada, "teleport nowhere"),
        "Could not find 'nowhere'.",
    );
    check(&play.type_line(ada, "home"), "Limbo(#0)");
    // When the builder leaves, all of it goes, and whoever is in there falls out.
    let bob = play.enter("Bob");
    play.send(bob, "exit_1");
    play.send(ada, "quit");
    let text = play.text(bob);
    check(&text, "The room fades away");
    check(&text, "Limbo(#0)");
    assert!(!play.type_line(bob, "look").contains("exit_1"));
    check(&play.type_line(bob, "exit_1"), "not available");
}

#[test]
fn every_command_of_the_builtin_profiles_is_known() {
    let mut play = Play::new(Options::default());
    let ada = play.enter("Ada");
    for line in [
        "dig testing_room_start_1",
        "teleport testing_room_start_1",
        "py from some.module import thing;self.cmdset.add(thing)",
        "look",
        "examine me",
        "idle",
        "help",
        "dummyrunner_echo_response",
        "dig/tel testing_room_2 = exit_3, exit_4",
        "exit_4",
        "exit_3",
        "look exit_4",
        "examine exit_4",
        "create testing_obj_5",
        "desc testing_obj_5 = A test object.",
        "set testing_obj_5/testattr = 1",
        "@set testing_obj_5/testattr2 = (1,2)",
        "@create testing_button_6:some.type",
        "desc testing_button_6 = A button",
        "look testing_obj_5",
        "examine testing_obj_5",
        "pub Hello!",
        "say Yo!",
        "emote stretches",
        "teleport Limbo",
        "north",
        "south",
        "l",
        "who",
        "inventory",
        "inv",
        "drop testing_obj_5",
        "get testing_obj_5",
        "channel",
        "time",
        "@desc me = Tall",
        "look me",
        "look ada",
        "destroy testing_obj_5",
        "tunnel",
        "quit",
    ] {
        let text = play.type_line(ada, line);
        assert!(
            !text.contains("not available") || line == "tunnel",
            "{line}: {text}"
        );
        assert!(!text.contains("Could not find"), "{line}: {text}");
        assert_eq!(text.is_empty(), line == "idle", "{line}: {text}");
    }
    assert_eq!(play.game.counts().unknown, 1);
}

#[test]
fn things_are_made_carried_and_looked_at() {
    let mut play = Play::new(Options::default());
    let (ada, bob) = (play.enter("Ada"), play.enter("Bob"));
    play.send(ada, "create lamp;l:module.Lamp");
    play.send(ada, "desc lamp = It glows.");
    play.send(ada, "set lamp/oil = 7");
    let text = play.type_line(ada, "examine lamp");
    check(&text, "Made by: Ada\nDescription: It glows.\nAttribute: oil = 7");
    check(&play.type_line(ada, "i"), "You carry lamp.");
    check(&play.type_line(bob, "get lamp"), "Could not find");
    play.send(ada, "drop lamp");
    check(&play.type_line(bob, "look"), "You see: lamp");
    check(&play.type_line(bob, "destroy lamp"), "You have made no 'lamp'");
    check(&play.type_line(bob, "get lamp"), "You pick up lamp.");
    check(&play.type_line(ada, "i"), "You carry nothing.");
    play.send(ada, "quit");
    check(&play.type_line(bob, "i"), "You carry nothing.");
}

#[test]
fn the_echo_command_answers_as_the_original_expects() {
    let mut play = Play::new(Options::default());
    let ada = play.enter("Ada");
    play.text(ada);
    play.send(ada, "dummyrunner_echo_response 1699999999.5");
    assert_eq!(
        play.bytes(ada),
        b"dummyrunner_echo_response: 1699999999.5,1700000000.2500000\x1b[0m\r\n\xff\xf9"
    );
}

#[test]
fn probes_are_answered_in_the_order_in_which_they_came() {
    let mut play = Play::new(Options::default());
    let ada = play.enter("Ada");
    play.text(ada);
    let mut bytes = b"\xff\xfd\xc9".to_vec();
    push_command(&mut bytes, b"say before");
    push_gmcp(&mut bytes, "Core.Echo", "\"t1\"");
    push_command(&mut bytes, b"say after");
    push_gmcp(&mut bytes, "Core.Ping", "");
    play.game.receive(ada, &bytes, play.now);
    let answer = play.bytes(ada);
    let expected: &[u8] =
        b"You say, \"before\"\x1b[0m\r\n\xff\xf9Echo returns: ['t1'], {}\x1b[0m\r\n\xff\xf9\
        You say, \"after\"\x1b[0m\r\n\xff\xf9\xff\xfa\xc9Core.Ping\xff\xf0";
    assert_eq!(
        answer.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    // After the login Evennia tells a client of GMCP that it worked.
    let bob = play.connect();
    play.game.receive(
        bob,
        b"\xff\xfd\xc9create Bob secret\r\ny\r\nconnect Bob secret\r\n",
        play.now,
    );
    let bytes = play.bytes(bob);
    assert!(
        bytes
            .windows(14)
            .any(|part| part == b"\xff\xfa\xc9Logged.In\xff\xf0")
    );
}

#[test]
fn messages_end_as_agreed_and_colours_only_where_they_are_shown() {
    let mut play = Play::new(Options::default());
    let ada = play.enter("Ada");
    let mut said = |options: &[u8]| {
        play.game.receive(ada, options, play.now);
        play.bytes(ada);
        play.send(ada, "say x");
        let bytes = play.bytes(ada);
        String::from_utf8_lossy(&bytes["You say, \"x\"".len()..])
            .escape_debug()
            .to_string()
            .replace("\u{fffd}", "?")
    };
    assert_eq!(said(b""), r"\u{1b}[0m\r\n??");
    assert_eq!(said(b"\xff\xfd\x03"), r"\u{1b}[0m\r\n");
    assert_eq!(said(b"\xff\xfd\x19"), r"\u{1b}[0m\r\n??");
    assert_eq!(said(b"\xff\xfb\x18\xff\xfa\x18\x00MTTS 4\xff\xf0"), r"\r\n??");
}

#[test]
fn a_timing_mark_passes_lag_and_the_game_does_not() {
    let mut play = Play::new(Options {
        lag: Duration::from_millis(100),
        ..Options::default()
    });
    let id = play.connect();
    play.wait(Duration::from_millis(100));
    play.bytes(id);
    play.game.receive(id, b"look\r\n\xff\xfd\x06", play.now);
    assert_eq!(play.bytes(id), b"\xff\xfb\x06");
    assert_eq!(play.game.next_due(), Some(Duration::from_millis(200)));
    play.wait(Duration::from_millis(99));
    assert_eq!(play.text(id), "");
    play.wait(Duration::from_millis(1));
    check(&play.text(id), "Welcome to the demo game");
    // The last words of a quit are delayed as well, and only then is it closed.
    play.send(id, "quit");
    assert!(!play.game.is_done(id));
    play.wait(Duration::from_millis(100));
    check(&play.text(id), "Quitting.");
    assert!(play.game.is_done(id));
}

#[test]
fn limits_speak_as_evennias_do() {
    let mut play = Play::new(Options {
        commands_per_second: Some(3),
        login_throttle: true,
        connections_per_second: Some(2),
        max_players: 4,
        ..Options::default()
    });
    let ids: Vec<u32> = (0..5).map(|_| play.connect()).collect();
    check(&play.text(ids[0]), "Welcome to");
    check(
        &play.text(ids[1]),
        "DoS protection is active. You are queued to connect in 0.5 seconds ...",
    );
    check(&play.text(ids[2]), "in 1.0 seconds ...");
    check(&play.text(ids[4]), "The game is full.");
    assert!(play.game.is_done(ids[4]));
    assert_eq!(play.type_line(ids[1], "look"), "");
    play.wait(Duration::from_millis(500));
    check(&play.text(ids[1]), "Welcome to");
    let id = ids[0];
    play.wait(Duration::from_secs(1));
    for _ in 0..3 {
        check(&play.type_line(id, "connect a b"), WRONG_LOGIN);
    }
    assert_eq!(play.type_line(id, "look"), format!("{TOO_FAST}\n"));
    play.wait(Duration::from_secs(1));
    play.send(id, "connect a b");
    check(&play.type_line(id, "connect a b"), WRONG_LOGIN);
    check(&play.type_line(id, "connect a b"), TOO_MANY_FAILURES);
    for name in ["Ada", "Bob"] {
        play.wait(Duration::from_secs(1));
        play.send(id, &format!("create {name} secret"));
        check(&play.type_line(id, "y"), "was created");
    }
    check(&play.type_line(id, "create Eve secret"), TOO_MANY_ACCOUNTS);
    play.wait(Duration::from_secs(600));
    check(
        &play.type_line(id, "create Eve secret"),
        "Is this what you intended?",
    );
    check(&play.type_line(id, &"x".repeat(7000)), TOO_LONG);
}

#[test]
fn compression_starts_where_it_is_agreed() {
    let mut play = Play::new(Options {
        compression: true,
        ..Options::default()
    });
    let id = play.connect();
    let mut client = Telnet::new(Settings::client(Client::Mudlet).into());
    let (mut text, mut states) = (Vec::new(), Vec::new());
    let mut replies = Vec::new();
    for line in ["", "look", "help", "\u{1f40d}", "quit"] {
        play.send(id, line);
        let bytes = play.bytes(id);
        client.receive(&bytes, &mut replies, |event| match event {
            Event::Text(part) => text.extend_from_slice(part),
            Event::Compressed(on) => states.push(on),
            Event::CorruptStream => panic!("a sound stream"),
            _ => {}
        });
        play.game.receive(id, &std::mem::take(&mut replies), play.now);
    }
    assert_eq!(states, [true]);
    let text = String::from_utf8_lossy(&text);
    assert_eq!(text.matches("Welcome to the demo game").count(), 2);
    check(&text, "Command '\u{1f40d}' is not available");
    check(&text, "Quitting.");
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let mut play = Play::new(Options::default());
    let id = play.enter("Ada");
    let mut rounds = 0;
    while !play.game.is_done(id) {
        play.send(id, "help");
        rounds += 1;
        assert!(rounds < 10_000, "it may keep everything");
    }
    assert_eq!(play.game.counts().slow_readers, 1);
    assert!(play.game.output(id).is_empty());
    // Nor does one stay that leaves without reading the last words.
    let id = play.enter("Bob");
    play.send(id, "quit");
    assert!(!play.game.is_done(id));
    play.wait(Duration::from_secs(11));
    assert!(play.game.is_done(id));
}

#[test]
fn building_without_end_keeps_memory_as_it_is() {
    let mut play = Play::new(Options::default());
    let (ada, bob) = (play.enter("Ada"), play.enter("Bob"));
    let mut sizes = Vec::new();
    for i in 0..400 {
        // One walks on, the other digs where they stand.
        play.send(ada, &format!("dig/tel room_{i} = out_{i};o{i}, back_{i}"));
        play.send(bob, &format!("dig cellar_{i} = down_{i}, up_{i}"));
        for id in [ada, bob] {
            play.send(id, &format!("create thing_{i}"));
            play.send(id, &format!("set thing_{i}/n{i} = {i}"));
            play.send(id, "drop thing_0");
            play.text(id);
        }
        sizes.push(play.game.world.size());
    }
    assert_eq!(sizes[200], sizes[399]);
    let (rooms, _, objects) = sizes[399];
    assert_eq!((rooms, objects), (4 + 2 * MOST_ROOMS, 2 * MOST_OBJECTS));
    for (id, exit) in [(ada, "back_399"), (bob, "down_399")] {
        check(&play.type_line(id, exit), "Exits:");
    }
    for id in [ada, bob] {
        play.game.forget(id, play.now);
    }
    assert_eq!(play.game.world.size(), (4, 16, 0));
}

#[test]
fn lines_are_read_as_they_were_meant() {
    let mut play = Play::new(Options::default());
    let ada = play.enter("Ada");
    play.text(ada);
    play.game
        .receive(ada, b"say helo\x08lo\x1b[A\xff\xff\xc3\xa9\r\0", play.now);
    assert_eq!(play.text(ada), "You say, \"hello[A\u{fffd}\u{e9}\"\n");
    play.send(ada, "prompt on");
    assert!(play.type_line(ada, "idle").ends_with("> "));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "create a secret\r\n", "y\r\n", "connect a secret\n", "look", "dig/tel r=o,b\r\n", "dig \r\n",
                    "o\n", "b\n", "quit\r\n", "create t\n", "drop t\n", "set t/a=1\n", "desc", "=", "/", "\"", "@", ";", ":",
                    "\u{ff}\n", "north\n", "get t\n", "destroy t\n", "home\n", "\r\n", "tel #", "4\n",
                ]).prop_map(|text| text.as_bytes().to_vec()),
                prop::collection::vec(any::<u8>(), 0..8),
                Just(b"\xff\xfd\x56".to_vec()),
                Just(b"\xff\xfe\x56".to_vec()),
                Just(b"\xff\xfa\xc9Core.Echo [[{\xff\xf0".to_vec()),
            ],
            0..60,
        ),
        lag in any::<bool>(),
    ) {
        let mut play = Play::new(Options {
            lag: Duration::from_millis(u64::from(lag)),
            compression: true,
            ..Options::default()
        });
        let ids = [play.connect(), play.connect()];
        for (i, piece) in pieces.iter().enumerate() {
            play.game.receive(ids[i % 3 / 2], piece, play.now);
            play.wait(Duration::from_millis(1));
        }
        for id in ids {
            play.bytes(id);
            play.game.hang_up(id, play.now);
            play.game.forget(id, play.now);
        }
        prop_assert!(play.game.is_empty());
        prop_assert_eq!(play.game.world.size(), (4, 16, 0));
    }
}
