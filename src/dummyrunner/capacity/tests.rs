//! The search against a simulated server: seconds pass as fast as they are computed.

use super::super::metrics::Phase;
use super::*;
use crate::random::Random;

/// A server of one thread: each command takes so long, one after the other. Dummies act once a second with chance 0.5,
/// each at a moment of its own, so the arithmetic of queues says what it holds.
struct Simulated {
    work: f64,
    random: Random,
    window: Window,
    /// When the server has done all that it was sent.
    free_at: f64,
    playing: u32,
    logins_a_second: u32,
    /// Never more than these get in.
    most: u32,
    /// Answers: when they come, and how long they took.
    due: Vec<(f64, f64)>,
    /// Lateness of ours, in microseconds.
    late: u64,
    /// Record that, and the service times, too: it takes longer.
    measures_all: bool,
}

impl Simulated {
    fn new(work: f64) -> Simulated {
        Simulated {
            work,
            random: Random::stream(1, 1),
            window: Window {
                phases: Phases::new(10_000),
                ..Window::default()
            },
            free_at: 0.0,
            playing: 0,
            logins_a_second: 50,
            most: 10_000,
            due: Vec::new(),
            late: 10,
            measures_all: false,
        }
    }

    fn set_playing(&mut self, playing: u32) {
        while self.playing < playing {
            self.playing += 1;
            self.window.phases.step(Phase::Waiting, Phase::Playing);
        }
        while self.playing > playing {
            self.playing -= 1;
            self.window.phases.step(Phase::Playing, Phase::Waiting);
        }
    }

    fn second(&mut self, at: f64, wanted: u32) -> &Window {
        let wanted = wanted.min(self.most);
        self.set_playing(wanted.min(self.playing + self.logins_a_second));
        let mut sends: Vec<f64> = Vec::new();
        for _ in 0..self.playing {
            if self.random.unit() < 0.5 {
                sends.push(at + self.random.unit());
            }
        }
        sends.sort_by(f64::total_cmp);
        for send in sends {
            self.free_at = self.free_at.max(send) + self.work;
            let late = self.late as f64 / 1e6;
            self.due.push((self.free_at, self.free_at - send + late));
            self.window.counters.sent += 1;
        }
        self.window.lag.clear();
        let end = at + 1.0;
        for (_, took) in self.due.iter().filter(|(due, _)| *due <= end) {
            self.window.lag.record((took * 1e9) as u64);
            if self.measures_all {
                self.window.service.record((took * 1e9) as u64);
                self.window.harness.record(self.late * 1000);
            }
            self.window.counters.answered += 1;
        }
        self.due.retain(|(due, _)| *due > end);
        &self.window
    }
}

fn settings(condition: &str) -> Settings {
    Settings {
        condition: Condition::parse(condition).expect("a condition"),
        first: 10,
        most: 5000,
        settle: Duration::from_secs(5),
        window: Duration::from_secs(5),
        windows: 12,
        login: Duration::from_secs(30),
        repeats: 8,
        server: None,
    }
}

/// Searches to the end; returns the finding and the seconds that it took.
fn search(settings: Settings, mut server: Simulated) -> (Finding, u32) {
    let mut capacity = Capacity::new(settings);
    for second in 0..20_000 {
        let wanted = capacity.wanted();
        let window = server.second(f64::from(second), wanted);
        capacity.second(Duration::from_secs(u64::from(second) + 1), window, &[]);
        if capacity.end().is_some() {
            return (capacity.finish(), second + 1);
        }
    }
    panic!("no end");
}

fn check(work: f64, condition: &str, from: u32, to: u32) {
    let (finding, seconds) = search(settings(condition), Simulated::new(work));
    let Held::Found(edge) = finding.held else {
        panic!("{finding:?}");
    };
    assert!((from..=to).contains(&edge.best), "{edge:?} in {seconds} s");
    assert!(
        edge.low <= edge.best && edge.best <= edge.high && edge.high - edge.low < edge.best / 3,
        "{edge:?}"
    );
    assert!(seconds < 1800, "{seconds} s");
}

/// A server of one thread that takes D a command and is busy for a share r of the time lets commands wait longer than t
/// with a chance of about exp(-2 t (1 - r) / (r D)), so 95% wait less than 0.5 s where (1 - r) / r = 3.0 D / (2 * 0.5 s).
/// With 0.5 commands a second for each dummy that is at 94 dummies of 20 ms, at 394 of 5 ms (for long measurements; in a
/// minute it is a little more, up to the 100 and 400 where the queue grows without end).
#[test]
fn the_capacity_of_a_queue_is_found() {
    check(0.020, "lag.p95 < 500ms", 90, 104);
    check(0.005, "lag.p95 < 500ms", 380, 408);
    check(0.050, "lag.p95 < 500ms", 31, 41);
}

#[test]
fn another_point_of_the_lag() {
    check(0.020, "lag.mean < 200ms", 85, 103);
}

#[test]
fn a_server_without_an_edge() {
    let (finding, _) = search(
        Settings {
            most: 100,
            ..settings("lag.p95 < 500ms")
        },
        Simulated::new(0.0001),
    );
    assert_eq!((finding.end, &finding.held), (End::Most, &Held::AtLeast(100)));
    assert_eq!(
        finding.sentence(),
        "holds at least 100 players with lag.p95 < 500ms"
    );
    let (finding, _) = search(settings("lag.p95 < 500ms"), Simulated::new(0.7));
    assert_eq!((finding.end, &finding.held), (End::Nothing, &Held::FewerThan(1)));
    assert_eq!(finding.sentence(), "does not hold 1 player with lag.p95 < 500ms");
}

#[test]
fn logins_that_do_not_get_through_are_the_edge() {
    let server = Simulated {
        most: 60,
        ..Simulated::new(0.001)
    };
    let (finding, _) = search(settings("lag.p95 < 500ms"), server);
    let Held::Found(edge) = finding.held else {
        panic!("{finding:?}");
    };
    // 2% may be missing.
    assert!(edge.low <= 61 && edge.high >= 60, "{edge:?}");
    assert!(finding.levels.iter().any(|level| level.outcome == Outcome::NotIn));
}

#[test]
fn our_own_limit_is_not_the_servers() {
    let server = Simulated {
        late: 450_000,
        measures_all: true,
        ..Simulated::new(0.02)
    };
    let (finding, _) = search(settings("lag.p95 < 500ms"), server);
    assert_eq!((finding.end, &finding.held), (End::Ours, &Held::AtLeast(40)));
    assert!(
        finding.explanation().contains("with 80 prof itself was too slow"),
        "{}",
        finding.explanation()
    );
}

#[test]
fn a_level_that_drowns_while_dummies_log_in_is_given_up() {
    let server = Simulated {
        logins_a_second: 2,
        ..Simulated::new(0.02)
    };
    let (finding, _) = search(
        Settings {
            first: 400,
            ..settings("lag.p95 < 500ms")
        },
        server,
    );
    let first = &finding.levels[0];
    // 100 are in after 50 s, and then it takes only the windows that show it.
    assert_eq!(first.outcome, Outcome::Growing);
    assert!(first.span.to < Duration::from_secs(90), "{:?}", first.span.to);
    assert!(
        matches!(finding.held, Held::Found(edge) if (88..=104).contains(&edge.best)),
        "{:?}",
        finding.held
    );
}

#[test]
fn what_is_known_can_be_told_at_any_time() {
    let mut server = Simulated::new(0.02);
    let mut capacity = Capacity::new(settings("lag.p95 < 500ms"));
    let mut seen = Vec::new();
    for second in 0..250 {
        let window = server.second(f64::from(second), capacity.wanted());
        let at = Duration::from_secs(u64::from(second as u32) + 1);
        if let Some(level) = capacity.second(at, window, &[]) {
            seen.push((level.span.dummies, level.outcome));
        }
    }
    assert!(
        capacity
            .state(Duration::from_secs(250))
            .starts_with("search: level ")
    );
    let levels = seen.len();
    let finding = capacity.finish();
    assert_eq!((finding.end, finding.levels.len()), (End::Stopped, levels));
    assert!(
        matches!(finding.held, Held::Found(_) | Held::AtLeast(80)),
        "{finding:?}"
    );
    let nothing = Capacity::new(settings("lag.p95 < 500ms")).finish();
    assert_eq!(nothing.held, Held::Unknown);
}

#[test]
fn conditions_that_no_level_can_be_judged_by() {
    for text in ["lag.p95(look) < 1s", "login.p95 < 1s", "rate > 100"] {
        assert!(
            super::check(&Condition::parse(text).expect("a condition")).is_err(),
            "{text}"
        );
    }
    for text in [
        "lag.p95 < 1s",
        "errors.rate < 1%",
        "server.cpu < 80%",
        "logged_in >= 99%",
    ] {
        assert_eq!(
            super::check(&Condition::parse(text).expect("a condition")),
            Ok(()),
            "{text}"
        );
    }
}
