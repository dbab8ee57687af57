//! How lag is measured, and by which answers.

use super::*;

/// Frozen for the first second of every five, else quick.
fn frozen(now: u64, _: &str) -> Option<(u64, Vec<u8>)> {
    let into = now % (5 * SECOND);
    let wait = SECOND.saturating_sub(into);
    Some((wait + MS, b"You see a room.\n".to_vec()))
}

#[test]
fn a_server_that_freezes_shows_in_the_intended_time_and_hides_from_a_closed_loop() {
    let run = |run: &str, dummies: u32| {
        let scenario = simple(run, "method = \"first-byte\"", "");
        let mut sim = Sim::new(scenario, options(dummies), frozen).start();
        sim.run(60_000);
        sim.check_sums();
        sim.shared.metrics.total()
    };
    // A fifth of the time is frozen, for half a second on average: a tenth of all ticks waits for half a second or more.
    let ticking = run("timestep = 0.1", 20);
    let p90 = ticking.response.percentile(90.0).expect("lags");
    assert!((450_000..650_000).contains(&p90), "{p90}");
    // Service time alone shows less: commands queue behind the dummy's own late answer.
    let service = ticking.service.percentile(90.0).expect("lags");
    assert!(service < p90 / 2, "{service}");
    let closed = run("model = \"closed\"", 2);
    let p90 = closed.service.percentile(90.0).expect("lags");
    assert!(p90 < 2000, "{p90}");
    assert!(closed.response.is_empty());
    assert!(closed.service.max().expect("lags") > 900_000);
}

#[test]
fn a_command_without_an_answer_is_lost_at_the_timeout_and_its_late_answer_counted() {
    let mut first = true;
    let slow_once = move |_: u64, _: &str| {
        let millis = if std::mem::take(&mut first) { 40_000 } else { 10 };
        Some((millis * MS, b"You see a room.\n".to_vec()))
    };
    let mut sim = Sim::new(simple("timestep = 60", "", ""), options(1), slow_once);
    sim.gmcp = Gmcp::Echo;
    let mut sim = sim.start();
    sim.run(130_000);
    assert_eq!(sim.method(), Method::GmcpEcho);
    let counters = sim.counters();
    assert_eq!((counters.lost, counters.late), (1, 1));
    assert_eq!(counters.sent, 1 + counters.answered);
    let total = sim.shared.metrics.total();
    let longest = total.service.max().expect("lags");
    assert!((30_000_000..30_050_000).contains(&longest), "{longest}");
    assert_eq!(
        (total.service.len(), sim.problem(Problem::Lost)),
        (counters.sent, 1)
    );
    sim.check_sums();
}

#[test]
fn ticks_that_come_too_early_are_queued_skipped_or_sent() {
    let run = |late: Late| {
        let mut scenario = simple("timestep = 0.1", "", "");
        scenario.run.late = late;
        let mut sim = Sim::new(scenario, options(1), after(1000));
        sim.gmcp = Gmcp::Echo;
        let mut sim = sim.start();
        sim.run(5000);
        sim.check_sums();
        (sim.counters(), sim.shared.metrics.total())
    };
    let (counters, total) = run(Late::Queue);
    // One a second; the others wait, and the wait is part of their response.
    assert!((3..=5).contains(&counters.sent), "{counters:?}");
    assert_eq!(counters.ticks_dropped, 0);
    assert!(total.response.max() > Some(3_000_000) && total.service.max() < Some(1_100_000));
    let (counters, total) = run(Late::Skip);
    assert!(
        (3..=5).contains(&counters.sent) && counters.ticks_dropped > 30,
        "{counters:?}"
    );
    assert!(total.response.max() < Some(1_100_000));
    let (counters, total) = run(Late::Send);
    assert!(counters.sent > 40 && counters.ticks_dropped == 0, "{counters:?}");
    assert!(counters.answered > 30 && total.response.max() < Some(1_100_000));
}

#[test]
fn a_backlog_is_bounded() {
    let mut sim = Sim::new(
        simple("timestep = 0.01", "timeout = \"1h\"", ""),
        options(1),
        |_, _| None,
    )
    .start();
    sim.run(5000);
    assert_eq!(sim.counters().sent, 1);
    let backlog = sim.dummies[0].more.as_ref().map_or(0, |more| more.backlog.len());
    assert_eq!(backlog, 100);
    assert!(sim.counters().ticks_dropped > 350);
    sim.stop();
    sim.check_sums();
}

#[test]
fn auto_takes_the_best_method_that_the_server_answers() {
    let check = |gmcp: Gmcp, ends: &'static [u8], expected: Method| {
        let mut sim = Sim::new(load("looker").expect("a profile"), options(3), evennia);
        sim.gmcp = gmcp;
        sim.greeting.extend_from_slice(ends);
        let mut sim = sim.start();
        sim.run(8000);
        assert_eq!((sim.method(), sim.phases().of(Phase::Playing)), (expected, 3));
        assert_eq!(sim.shared.metrics.methods[expected as usize], 3);
    };
    check(Gmcp::Echo, b"", Method::GmcpEcho);
    check(Gmcp::Ping, b"", Method::GmcpPing);
    check(Gmcp::No, b"\xff\xf9", Method::Prompt);
    check(Gmcp::No, b"", Method::FirstByte);
}

#[test]
fn an_echo_that_a_busy_server_sends_late_is_used_all_the_same() {
    // A login takes a second here, so an echo is waited for four, and a ping as long.
    for busy in [3000, 6500, 12_000] {
        let mut sim = Sim::new(load("looker").expect("a profile"), options(3), evennia);
        sim.gmcp = Gmcp::Echo;
        sim.busy_until = busy * MS;
        let mut sim = sim.start();
        sim.run(60_000);
        let used = |method: Method| sim.shared.metrics.methods[method as usize];
        assert_eq!((used(Method::GmcpEcho), used(Method::GmcpPing)), (3, 0), "{busy}");
        assert_eq!(used(Method::FirstByte), 0, "{busy}");
        let counters = sim.counters();
        assert_eq!((counters.lost, counters.late), (0, 0), "{busy}");
        assert!(counters.answered > 5, "{busy}: {counters:?}");
        sim.check_sums();
    }
}

#[test]
fn methods_take_their_own_bytes_for_the_answer() {
    let check = |lag: &str, action: &str, answer: &'static [(u64, &[u8])], expected: Option<u64>| {
        let mut sim = Sim::new(simple("timestep = 5", lag, action), options(1), |_, _| None).start();
        while sim.log.is_empty() {
            sim.run(1);
        }
        for (millis, bytes) in answer {
            sim.fly(0, millis * MS, bytes.to_vec());
        }
        sim.run(3000);
        let found = sim
            .shared
            .metrics
            .total()
            .service
            .max()
            .map(|micros| micros / 1000);
        assert_eq!(found, expected, "{lag} {action}");
    };
    let answer: &[(u64, &[u8])] = &[
        (10, b"Bob says hi.\r\n"),
        (20, b"You see a ro"),
        (30, b"om.\r\n"),
        (40, b"> \xff\xf9"),
        (50, b"prof1x0 \r\n"),
    ];
    check("method = \"first-byte\"", "", answer, Some(10));
    check("method = \"expect\"", "expect = 'see a room'", answer, Some(30));
    check("", "expect = '^> $'", answer, Some(40));
    check("method = \"ga\"", "", answer, Some(40));
    check("method = \"quiet\"\nquiet = \"100ms\"", "", answer, Some(50));
    check(
        "method = \"echo-command\"\nprobe = \"say {tag}\"",
        "",
        answer,
        Some(50),
    );
    check(
        "method = \"expect\"",
        "expect = 'nothing'\nfail = 'room'",
        answer,
        Some(30),
    );
    check("", "answer = false", answer, None);
}

#[test]
fn the_originals_echo_command_splits_the_lag() {
    let text = "[run]\nchance_of_action = 1\ntimestep = 1\n[[action]]\nname = \"measure_lag\"\n\
                commands = [\"dummyrunner_echo_response {timestamp}\"]\n";
    let answer = |now: u64, line: &str| {
        let sent = line.split(' ').nth(1).expect("a time");
        let there = 1_000_000.0 + (now + 30 * MS) as f64 / 1e9;
        Some((
            40 * MS,
            format!("dummyrunner_echo_response: {sent},{there:.6}\x1b[0m\n").into_bytes(),
        ))
    };
    let mut sim = Sim::new(parse_alone(text).expect("a scenario"), options(1), answer).start();
    sim.run(5000);
    let near = |lags: &crate::dummyrunner::metrics::Lags, millis: u64| {
        let micros = lags.percentile(50.0).expect("lags");
        assert!(micros.abs_diff(millis * 1000) < 100, "{micros}");
    };
    near(&sim.shared.metrics.lag_in, 30);
    near(&sim.shared.metrics.lag_out, 10);
}

#[test]
fn few_probes_leave_the_others_unmeasured_but_not_unsent() {
    let mut sim = Sim::new(
        simple("timestep = 1", "probe_share = 0.25", ""),
        options(40),
        after(1),
    );
    sim.gmcp = Gmcp::Echo;
    let mut sim = sim.start();
    sim.run(60_000);
    let counters = sim.counters();
    let share = counters.answered as f64 / counters.sent as f64;
    assert!((share - 0.25).abs() < 0.05, "{share}");
    sim.check_sums();
}
