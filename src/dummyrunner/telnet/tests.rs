//! The whole of a telnet end, driven by bytes.

use super::code::*;
use super::testing::cut;
use super::*;
use proptest::prelude::*;
use std::sync::Arc;

/// An event that outlives the call; neighbouring texts are one.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Text(Vec<u8>),
    Other(String),
}

fn see(seen: &mut Vec<Seen>, event: Event<'_>) {
    match (event, seen.last_mut()) {
        (Event::Text(text), Some(Seen::Text(before))) => before.extend_from_slice(text),
        (Event::Text(text), _) => seen.push(Seen::Text(text.into())),
        (event, _) => seen.push(Seen::Other(format!("{event:?}"))),
    }
}

fn run(telnet: &mut Telnet, chunks: &[&[u8]]) -> (Vec<Seen>, Vec<u8>) {
    let (mut seen, mut replies) = (Vec::new(), Vec::new());
    for chunk in chunks {
        telnet.receive(chunk, &mut replies, |event| see(&mut seen, event));
    }
    (seen, replies)
}

/// All that an end of this kind sees and answers, whether the bytes come in one chunk or one by one.
#[track_caller]
fn check(settings: &Settings, input: &[u8], expected: &[&str], replies: &[u8]) {
    for chunks in [vec![input], input.chunks(1).collect()] {
        let (seen, answered) = run(&mut Telnet::new(Arc::new(settings.clone())), &chunks);
        let seen: Vec<String> = seen
            .into_iter()
            .map(|seen| match seen {
                Seen::Text(text) => String::from_utf8_lossy(&text).into_owned(),
                Seen::Other(event) => event,
            })
            .collect();
        assert_eq!(seen, expected);
        assert_eq!(
            answered.escape_ascii().to_string(),
            replies.escape_ascii().to_string()
        );
    }
}

/// The nine offers of Evennia 5.0.1, as seen on the wire.
const EVENNIA: &[u8] = b"\xff\xfd\x22\xff\xfb\x03\xff\xfd\x1f\xff\xfd\x18\xff\xfb\x56\xff\xfb\x46\xff\xfb\x45\xff\xfb\xc9\xff\xfb\x5b";

#[test]
fn text_and_its_marks() {
    let raw = Settings::client(Client::Raw);
    check(
        &raw,
        b"Hello\xff\xf9\xff\xefx",
        &["Hello", "GoAhead", "EndOfRecord", "x"],
        b"",
    );
    check(
        &raw,
        b"a\xff\xf1b\xff\xf6\xff\xf0c",
        &["a", "Command(241)", "b", "AreYouThere", "c"],
        b"",
    );
    let (seen, _) = run(&mut Telnet::new(raw.into()), &[b"a\xff", b"\xffb\xff"]);
    assert_eq!(seen, [Seen::Text(b"a\xffb".into())]);
}

#[test]
fn a_raw_client_refuses_everything_once() {
    let refusals = b"\xff\xfc\x22\xff\xfe\x03\xff\xfc\x1f\xff\xfc\x18\xff\xfe\x56\xff\xfe\x46\xff\xfe\x45\xff\xfe\xc9\xff\xfe\x5b";
    check(&Settings::client(Client::Raw), EVENNIA, &[], refusals);
    // Answers are not answered.
    check(
        &Settings::client(Client::Raw),
        b"\xff\xfc\x03\xff\xfe\x18\xff\xfe\x63",
        &[],
        b"",
    );
}

#[test]
fn evennias_client_is_silent_but_for_what_it_is_told() {
    let silent = Settings::client(Client::Evennia);
    check(&silent, EVENNIA, &[], b"");
    check(&silent, b"\xff\xfd\x06\xff\xfd\x63", &[], b"");
    let told = silent.accepting(Known::Gmcp).refusing(Known::SuppressGoAhead);
    check(
        &told,
        EVENNIA,
        &["Option { side: Them, option: Gmcp, on: true }"],
        b"\xff\xfe\x03\xff\xfd\xc9",
    );
}

#[test]
fn mudlet_agrees_and_says_who_it_is() {
    let mudlet = Settings::client(Client::Mudlet);
    check(
        &mudlet,
        &EVENNIA[3..12],
        &[
            "Option { side: Them, option: SuppressGoAhead, on: true }",
            "Option { side: Us, option: WindowSize, on: true }",
            "Option { side: Us, option: TerminalType, on: true }",
        ],
        b"\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfb\x18",
    );
    let mut telnet = Telnet::new(mudlet.into());
    run(&mut telnet, &[b"\xff\xfd\x18"]);
    let names: Vec<String> = (0..5)
        .map(|_| {
            let (_, replies) = run(&mut telnet, &[b"\xff\xfa\x18\x01\xff\xf0"]);
            String::from_utf8_lossy(&replies[4..replies.len() - 2]).into_owned()
        })
        .collect();
    assert_eq!(
        names,
        ["MUDLET", "ANSI-TRUECOLOR", "MTTS 301", "MTTS 301", "MUDLET"]
    );
    // GMCP is greeted once, MXP never agreed to.
    let (_, replies) = run(
        &mut telnet,
        &[b"\xff\xfb\xc9\xff\xfc\xc9\xff\xfb\xc9\xff\xfb\x5b"],
    );
    let text = replies.escape_ascii().to_string();
    assert_eq!(text.matches("Core.Hello").count(), 1, "{text}");
    assert!(text.ends_with(r"\xff\xfd\xc9\xff\xfe["), "{text}");
}

#[test]
fn a_window_of_255_columns_is_escaped_and_read() {
    let settings = Settings {
        window: (255, 50),
        ..Settings::client(Client::Mudlet)
    };
    let (_, replies) = run(&mut Telnet::new(settings.into()), &[b"\xff\xfd\x1f"]);
    assert_eq!(replies, b"\xff\xfb\x1f\xff\xfa\x1f\x00\xff\xff\x00\x32\xff\xf0");
    check(
        &server(),
        &replies,
        &[
            "Option { side: Them, option: WindowSize, on: true }",
            "WindowSize { columns: 255, rows: 50 }",
        ],
        b"\xff\xfd\x1f",
    );
}

#[test]
fn messages_out_of_band() {
    let raw = Settings::client(Client::Raw);
    check(
        &raw,
        b"\xff\xfa\xc9Core.Ping\xff\xf0\xff\xfa\xc9A.B  {\"a\": \xff\xff} \xff\xf0",
        &[
            &format!(
                "{:?}",
                Event::Gmcp {
                    package: b"Core.Ping",
                    json: b""
                }
            ),
            &format!(
                "{:?}",
                Event::Gmcp {
                    package: b"A.B",
                    json: b"{\"a\": \xff}"
                }
            ),
        ],
        b"",
    );
    check(
        &raw,
        b"\xff\xfa\x46\x01A\x02B\xff\xf0",
        &[&format!(
            "{:?}",
            Event::Subnegotiation {
                option: MSSP,
                data: b"\x01A\x02B"
            }
        )],
        b"",
    );
}

#[test]
fn a_bad_subnegotiation_is_told_and_what_follows_is_read() {
    let small = Settings {
        subnegotiation_limit: 8,
        ..Settings::client(Client::Raw)
    };
    check(
        &small,
        b"\xff\xfa\x46123456789\xff\xf0x",
        &["BadSubnegotiation { option: 70 }", "x"],
        b"",
    );
    check(
        &small,
        b"\xff\xfa\x461234567\xff\xff9\xff\xff\xff\xf0x",
        &["BadSubnegotiation { option: 70 }", "x"],
        b"",
    );
    check(
        &small,
        b"\xff\xfa\x46123\xff\xfb\x01x",
        &["BadSubnegotiation { option: 70 }", "x"],
        b"\xff\xfe\x01",
    );
    check(
        &small,
        b"\xff\xfa\x46123456789\xff\xf9x",
        &["BadSubnegotiation { option: 70 }", "GoAhead", "x"],
        b"",
    );
    check(
        &small,
        b"\xff\xfa\xff\xf9x",
        &["BadSubnegotiation { option: 255 }", "GoAhead", "x"],
        b"",
    );
    check(
        &small,
        b"\xff\xfa\x1f\x00\xff\xf0",
        &["BadSubnegotiation { option: 31 }"],
        b"",
    );
}

#[test]
fn encodings_are_chosen_by_name() {
    let mudlet = Settings::client(Client::Mudlet);
    let agreed = "Option { side: Them, option: Charset, on: true }";
    let utf8 = format!("{:?}", Event::Charset(Some(b"utf-8")));
    check(
        &mudlet,
        b"\xff\xfb\x2a\xff\xfa\x2a\x01;LATIN-1;utf-8\xff\xf0",
        &[agreed, &utf8],
        b"\xff\xfd\x2a\xff\xfa\x2a\x02utf-8\xff\xf0",
    );
    check(
        &mudlet,
        b"\xff\xfb\x2a\xff\xfa\x2a\x01[TTABLE]\x01;utf-8\xff\xf0",
        &[agreed, &utf8],
        b"\xff\xfd\x2a\xff\xfa\x2a\x02utf-8\xff\xf0",
    );
    check(
        &mudlet,
        b"\xff\xfb\x2a\xff\xfa\x2a\x01 KOI8-R\xff\xf0",
        &[agreed],
        b"\xff\xfd\x2a\xff\xfa\x2a\x03\xff\xf0",
    );
    let mut asking = Telnet::new(server().into());
    let (seen, replies) = run(&mut asking, &[b"\xff\xfb\x2a\xff\xfa\x2a\x02UTF-8\xff\xf0"]);
    assert_eq!(replies, b"\xff\xfd\x2a\xff\xfa\x2a\x01;UTF-8\xff\xf0");
    assert_eq!(
        seen.last(),
        Some(&Seen::Other(format!("{:?}", Event::Charset(Some(b"UTF-8")))))
    );
}

#[test]
fn a_timing_mark_is_answered_each_time_and_its_answer_never() {
    let mark = [IAC, DO, TIMING_MARK];
    check(
        &server(),
        &[mark, mark].concat(),
        &[],
        b"\xff\xfb\x06\xff\xfb\x06",
    );
    check(&Settings::client(Client::Raw), &mark, &[], b"\xff\xfc\x06");
    check(
        &server(),
        b"\xff\xfb\x06\xff\xfc\x06",
        &["TimingMark", "TimingMark"],
        b"",
    );
}

#[test]
fn a_password_prompt_is_an_echo_by_the_server() {
    check(
        &Settings::client(Client::Mudlet),
        b"Password: \xff\xfb\x01\xff\xfc\x01ok",
        &[
            "Password: ",
            "Option { side: Them, option: Echo, on: true }",
            "Option { side: Them, option: Echo, on: false }",
            "ok",
        ],
        b"\xff\xfd\x01\xff\xfe\x01",
    );
}

#[test]
fn a_server_asks_for_each_name_of_a_terminal() {
    let mut telnet = Telnet::new(server().into());
    let mut out = Vec::new();
    telnet.wish(Side::Them, Known::TerminalType, true, &mut out);
    assert_eq!(out, b"\xff\xfd\x18");
    let mut client = Telnet::new(Settings::client(Client::Mudlet).into());
    let mut names = Vec::new();
    let mut messages = 0;
    while !out.is_empty() {
        let (_, replies) = run(&mut client, &[&out]);
        out.clear();
        telnet.receive(&replies, &mut out, |event| {
            if let Event::TerminalType(name) = event {
                names.push(String::from_utf8_lossy(name).into_owned());
            }
        });
        messages += 1;
        assert!(messages < 10);
    }
    assert_eq!(names, ["MUDLET", "ANSI-TRUECOLOR", "MTTS 301", "MTTS 301"]);
}

#[test]
fn the_end_of_a_message_follows_what_is_agreed() {
    let mut telnet = Telnet::new(server().into());
    let mut marked = |input: &[u8]| {
        run(&mut telnet, &[input]);
        let mut out = Vec::new();
        telnet.push_end_of_message(&mut out);
        out
    };
    assert_eq!(marked(b""), [IAC, GA]);
    assert_eq!(marked(&[IAC, DO, SUPPRESS_GO_AHEAD]), b"");
    assert_eq!(marked(&[IAC, DO, END_OF_RECORD]), [IAC, EOR]);
    assert_eq!(
        marked(&[IAC, DONT, END_OF_RECORD, IAC, DONT, SUPPRESS_GO_AHEAD]),
        [IAC, GA]
    );
}

#[test]
fn compression_begins_and_ends_in_a_chunk() {
    let mut stream = b"plain \xff\xfb\x56".to_vec();
    let mut deflate = Deflate::start(&mut stream);
    let long = "packed ".repeat(10_000);
    deflate.push(long.as_bytes(), &mut stream);
    deflate.push(b"\xff\xf9", &mut stream);
    // A stream in the stream is none.
    deflate.push(b"\xff\xfa\x56\xff\xf0in\xff\xfa\xc9Pa", &mut stream);
    deflate.finish(&mut stream);
    stream.extend_from_slice(b"ck\xff\xf0out");
    assert!(stream.len() < 2000, "{} bytes", stream.len());
    check(
        &Settings::client(Client::Mudlet),
        &stream,
        &[
            "plain ",
            "Option { side: Them, option: Compress2, on: true }",
            "Compressed(true)",
            &long,
            "GoAhead",
            "in",
            "Compressed(false)",
            &format!(
                "{:?}",
                Event::Gmcp {
                    package: b"Pack",
                    json: b""
                }
            ),
            "out",
        ],
        b"\xff\xfd\x56",
    );
    // Without an agreement there is no stream.
    check(
        &Settings::client(Client::Raw),
        b"\xff\xfa\x56\xff\xf0x\x9c",
        &["x\u{fffd}"],
        b"",
    );
}

#[test]
fn a_damaged_stream_is_an_error_once() {
    let input = b"\xff\xfb\x56\xff\xfa\x56\xff\xf0not zlib\xff\xf9 at all";
    check(
        &Settings::client(Client::Mudlet),
        input,
        &[
            "Option { side: Them, option: Compress2, on: true }",
            "Compressed(true)",
            "CorruptStream",
        ],
        b"\xff\xfd\x56",
    );
}

#[test]
fn a_plain_end_is_small() {
    assert!(size_of::<Telnet>() <= 64, "{} bytes", size_of::<Telnet>());
}

fn server() -> Settings {
    Settings::server()
}

/// Bytes in which commands are frequent.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(IAC),
        2 => prop_oneof![Just(WILL), Just(WONT), Just(DO), Just(DONT), Just(SB), Just(SE), Just(GA)],
        2 => prop_oneof![Just(ECHO), Just(TERMINAL_TYPE), Just(CHARSET), Just(GMCP), Just(COMPRESS2), Just(WINDOW_SIZE), Just(TIMING_MARK)],
        2 => any::<u8>(),
    ];
    let command = (251..=254u8, prop::sample::select(Known::ALL.to_vec()))
        .prop_map(|(verb, option)| vec![IAC, verb, option.code()]);
    let sub = (
        prop::sample::select(Known::ALL.to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    )
        .prop_map(|(option, data)| {
            let mut out = Vec::new();
            push_subnegotiation(&mut out, option.code(), &[&data]);
            out
        });
    let compressed = prop::collection::vec(any::<u8>(), 0..40).prop_map(|data| {
        let mut out = vec![IAC, WILL, COMPRESS2];
        let mut deflate = Deflate::start(&mut out);
        deflate.push(&data, &mut out);
        if data.len() % 2 == 0 {
            deflate.finish(&mut out);
        }
        out
    });
    let piece = prop_oneof![prop::collection::vec(byte, 0..12), command, sub, compressed];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let set = || prop::collection::vec(prop::sample::select(Known::ALL.to_vec()), 0..8);
    (set(), set(), set(), any::<[bool; 4]>()).prop_map(
        |(us, them, refused, [silent, types, charset, marks])| Settings {
            us: Set::of(&us),
            them: Set::of(&them),
            refused: Set::of(&refused),
            silent,
            ask_terminal_types: types,
            ask_charset: charset,
            marks_time: marks,
            subnegotiation_limit: 10,
            ..Settings::client(Client::Mudlet)
        },
    )
}

proptest! {
    #[test]
    fn chunks_make_no_difference(
        settings in any_settings(),
        input in stream(),
        cuts in prop::collection::vec(0..400usize, 0..8),
    ) {
        let settings = Arc::new(settings);
        let whole = run(&mut Telnet::new(Arc::clone(&settings)), &[&input]);
        let pieces = run(&mut Telnet::new(settings), &cut(&input, &cuts));
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn answers_are_not_much_longer_than_what_they_answer(settings in any_settings(), input in stream()) {
        let (_, replies) = run(&mut Telnet::new(settings.into()), &[&input]);
        // A command of three bytes may be answered with the window's size, one of six with a terminal's
        // name; the greeting comes once.
        prop_assert!(replies.len() <= 12 * input.len() + 250, "{} of {}", replies.len(), input.len());
    }

    #[test]
    fn two_ends_settle(
        settings in (any_settings(), any_settings()),
        wishes in prop::collection::vec((any::<bool>(), any::<bool>(), prop::sample::select(Known::ALL.to_vec()), any::<bool>(), 0..4usize), 0..40),
    ) {
        let mut ends = [Telnet::new(settings.0.into()), Telnet::new(settings.1.into())];
        let mut wires = [Vec::new(), Vec::new()];
        let deliver = |ends: &mut [Telnet; 2], wires: &mut [Vec<u8>; 2]| {
            for to in [0, 1] {
                let input = std::mem::take(&mut wires[1 - to]);
                ends[to].receive(&input, &mut wires[to], |_| {});
            }
        };
        let count = wishes.len();
        for (end, us, option, yes, rounds) in wishes {
            let end = usize::from(end);
            let side = if us { Side::Us } else { Side::Them };
            ends[end].wish(side, option, yes, &mut wires[end]);
            for _ in 0..rounds {
                deliver(&mut ends, &mut wires);
            }
        }
        let mut rounds = 0;
        while wires.iter().any(|wire| !wire.is_empty()) {
            deliver(&mut ends, &mut wires);
            rounds += 1;
            prop_assert!(rounds <= 20 + 4 * count, "no end in sight");
        }
        // Both ends believe the same, unless one of them was told to leave questions open.
        if ends.iter().all(|end| !end.settings().silent) {
            for option in Known::ALL {
                prop_assert_eq!(ends[0].is_used(Side::Us, option), ends[1].is_used(Side::Them, option));
                prop_assert_eq!(ends[0].is_used(Side::Them, option), ends[1].is_used(Side::Us, option));
            }
        }
    }
}
