//! Runs against real sockets on loopback. Nothing is timed: a run ends when what is waited for has happened.

use super::super::dummy::{Options, Reconnect, What};
use super::super::metrics::{End, Phase, Problem};
use super::super::scenario::Scenario;
use super::super::scenario::builtin::{load, parse_alone};
use super::super::telnet::Client;
use super::*;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

/// Ends the run once this is true of a window.
struct Until<F>(F, Vec<Told>);

impl<F: FnMut(&Window) -> bool> Observer for Until<F> {
    fn glance(&mut self, _: Duration, _: &Window) {}

    fn second(&mut self, _: Duration, window: &Window) -> bool {
        !(self.0)(window)
    }

    fn told(&mut self, told: &[Told]) {
        self.1.extend_from_slice(told);
    }
}

/// A server on a free port that serves each connection in a thread of its own.
fn serve(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

fn play(
    scenario: Scenario,
    dummies: u32,
    threads: usize,
    target: SocketAddr,
    until: impl FnMut(&Window) -> bool,
) -> (Outcome, Vec<Told>) {
    play_steered(scenario, dummies, threads, target, None, until)
}

fn play_steered(
    scenario: Scenario,
    dummies: u32,
    threads: usize,
    target: SocketAddr,
    wanted: Option<Arc<AtomicU32>>,
    until: impl FnMut(&Window) -> bool,
) -> (Outcome, Vec<Told>) {
    let options = Options {
        dummies,
        seed: 1,
        client: Client::Evennia,
        reconnect: Reconnect::Never,
        grace: Duration::from_secs(60),
        followed: vec![0],
        traced: false,
        phases_told: false,
        stamp: "20260102030405".into(),
        epoch: 0.0,
        logins_at_once: 10,
    };
    let setup = Setup {
        start: Instant::now(),
        target,
        sources: Vec::new(),
        threads,
        connect_rate: None,
        // Long after any of this should be over.
        duration: scenario.stages_end().or(Some(Duration::from_secs(120))),
        wanted,
    };
    let mut observer = Until(until, Vec::new());
    let outcome = Run::default()
        .play(Arc::new(Plan::new(scenario, options)), &setup, &mut observer)
        .expect("it starts");
    assert_eq!(outcome.metrics.window.phases.total(), dummies);
    assert_eq!(outcome.metrics.window.phases.all_ended(), dummies);
    (outcome, observer.1)
}

fn check(serve_one: impl Fn(TcpStream) + Send + Sync + 'static, expected: &[Problem]) {
    let target = serve(serve_one);
    let (outcome, _) = play(load("looker").expect("a profile"), 2, 1, target, |_| false);
    let count: u64 = expected
        .iter()
        .map(|problem| outcome.metrics.problems[*problem as usize])
        .sum();
    assert_eq!(count, 2, "{:?}", outcome.metrics.problems);
    // It may be over before we see that it was connected at all.
    let phases = outcome.metrics.window.phases;
    assert_eq!(
        phases.ended(End::LoginFailed) + phases.ended(End::ConnectFailed),
        2
    );
    assert_eq!(outcome.why, Why::AllEnded);
}

#[test]
fn a_refused_connection_is_counted() {
    let target = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let (outcome, _) = play(load("looker").expect("a profile"), 3, 2, target, |_| false);
    assert_eq!(outcome.metrics.problems[Problem::Refused as usize], 3);
    assert_eq!(outcome.metrics.window.phases.ended(End::ConnectFailed), 3);
}

#[test]
fn a_server_that_hangs_up_is_counted() {
    check(drop, &[Problem::Closed, Problem::Reset]);
}

#[test]
fn a_server_that_cuts_the_connection_is_counted() {
    let cut = |stream: TcpStream| {
        let socket = socket2::Socket::from(stream);
        // No goodbye: the peer gets RST.
        socket.set_linger(Some(Duration::ZERO)).expect("a socket");
    };
    check(cut, &[Problem::Reset]);
}

#[test]
fn a_server_that_sends_without_end_is_given_up() {
    let flood = |mut stream: TcpStream| {
        let noise = vec![b'x'; 1 << 20];
        while stream.write_all(&noise).is_ok() {}
    };
    check(flood, &[Problem::Flood]);
}

#[test]
fn a_dummy_plays_and_its_quit_arrives() {
    let (quits, heard) = std::sync::mpsc::channel();
    let quits = std::sync::Mutex::new(quits);
    let game = move |stream: TcpStream| {
        let mut out = stream.try_clone().expect("a socket");
        let _ = out.write_all(b"Welcome!\r\n");
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = out.write_all(format!("You said {line}\r\n").as_bytes());
            if line == "quit" {
                let _ = quits.lock().expect("no panic").send(());
                return;
            }
        }
    };
    let text = "[run]\ntimestep = 0.01\n[logout]\ncommands = [\"quit\"]\n[[action]]\nname = \"look\"\ncommands = [\"look\"]\n";
    let scenario = parse_alone(text).expect("a scenario");
    let (outcome, told) = play(scenario, 7, 3, serve(game), |window| {
        window.counters.answered >= 100
    });
    assert_eq!(outcome.metrics.window.phases.ended(End::LoggedOut), 7);
    assert_eq!(outcome.why, Why::Asked);
    assert_eq!(heard.try_iter().count(), 7);
    let counters = outcome.metrics.window.counters;
    assert_eq!(counters.sent, counters.answered + counters.cut_off);
    assert_eq!(outcome.metrics.total().service.len(), counters.answered);
    // Only the first is followed.
    assert!(told.iter().all(|told| told.number == 0));
    assert!(told.iter().any(|told| told.what == What::Sent(b"look".to_vec())));
    assert!(
        told.iter()
            .any(|told| told.what == What::Received(b"You said look".to_vec()))
    );
}

/// Says something to every line, and hangs up at `quit`.
fn game(stream: TcpStream) {
    let mut out = stream.try_clone().expect("a socket");
    let _ = out.write_all(b"Welcome!\r\n");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let _ = out.write_all(b"You see a room.\r\n");
        if line == "quit" {
            return;
        }
    }
}

fn scenario(run: &str) -> Scenario {
    let text = format!(
        "[run]\n{run}\n[logout]\ncommands = [\"quit\"]\n[[action]]\nname = \"look\"\ncommands = [\"look\"]\n"
    );
    parse_alone(&text).expect("a scenario")
}

#[test]
fn a_rate_is_spread_over_all_dummies() {
    let rate = scenario("model = \"rate\"\nrate = 500\narrivals = \"poisson\"");
    let (outcome, told) = play(rate, 4, 2, serve(game), |window| window.counters.answered >= 200);
    assert_eq!(outcome.metrics.window.phases.ended(End::LoggedOut), 4);
    let sent = outcome.metrics.window.counters.sent as f64;
    // Dummies that are not in yet take no commands, so there may be fewer, but not more.
    let most = outcome.played.as_secs_f64() * 500.0;
    assert!(sent < most + 6.0 * most.sqrt(), "{sent} of {most}");
    let of_first = told
        .iter()
        .filter(|told| matches!(told.what, What::Sent(_)))
        .count() as f64;
    assert!(of_first < sent * 0.5, "{of_first} of {sent}");
    assert!(!outcome.metrics.total().response.is_empty() && !outcome.metrics.harness.is_empty());
}

#[test]
fn stages_bring_dummies_and_take_them_away() {
    let mut staged = scenario("timestep = 0.01");
    let stage = |dummies, millis| super::super::scenario::Stage {
        dummies,
        over: Duration::from_millis(millis),
        hold: Duration::from_millis(millis),
    };
    staged.stages = vec![stage(6, 300), stage(0, 300)];
    let (outcome, _) = play(staged, 6, 2, serve(game), |_| false);
    let phases = outcome.metrics.window.phases;
    assert_eq!(
        phases.ended(End::LoggedOut) + phases.ended(End::NeverConnected) + phases.ended(End::NotIn),
        6
    );
    assert_eq!(
        u64::from(phases.ended(End::LoggedOut)),
        outcome.metrics.window.counters.logins
    );
    assert!(outcome.elapsed >= Duration::from_millis(1200));
}

#[test]
fn the_number_of_dummies_is_steered_while_they_play() {
    let wanted = Arc::new(AtomicU32::new(6));
    let steps = [6, 2, 5, 0, 1];
    let (mut step, shared) = (0, Arc::clone(&wanted));
    let until = move |window: &Window| {
        if steps.get(step) == Some(&window.phases.of(Phase::Playing)) {
            step += 1;
            if let Some(next) = steps.get(step) {
                shared.store(*next, std::sync::atomic::Ordering::Relaxed);
            }
        }
        step == steps.len()
    };
    let (outcome, _) = play_steered(
        scenario("timestep = 0.01"),
        9,
        2,
        serve(game),
        Some(wanted),
        until,
    );
    assert_eq!(outcome.why, Why::Asked);
    let phases = outcome.metrics.window.phases;
    // Three were never wanted.
    assert_eq!(
        (phases.ended(End::LoggedOut), phases.ended(End::NeverConnected)),
        (6, 3)
    );
    // Six, then three of them again, then one.
    assert_eq!(outcome.metrics.window.counters.logins, 10);
}
