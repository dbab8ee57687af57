//! How dummies leave, and are thrown out.

use super::*;

#[test]
fn rate_limits_are_counted_while_playing() {
    let answer = |_: u64, _: &str| {
        Some((
            MS,
            b"You entered commands too fast. Wait a moment and try again.\n".to_vec(),
        ))
    };
    let mut sim = Sim::new(simple("timestep = 1", "", ""), options(1), answer).start();
    sim.run(5000);
    assert_eq!(sim.problem(Problem::CommandLimit), sim.counters().answered);
    assert!(sim.counters().answered > 3);
}

#[test]
fn stopping_logs_out_whoever_is_in() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(12), evennia).start();
    let phases = loop {
        sim.run(10);
        let phases = sim.phases();
        if phases.of(Phase::Playing) > 0 && phases.of(Phase::Authing) > 0 {
            break phases;
        }
    };
    let (playing, authing) = (phases.of(Phase::Playing), phases.of(Phase::Authing));
    sim.stop();
    assert_eq!(
        sim.lines().iter().filter(|line| **line == "quit").count(),
        (playing + authing) as usize
    );
    // Nobody hangs up before the server has answered.
    assert_eq!(sim.phases().of(Phase::Leaving), playing + authing);
    sim.run(4000);
    for at in 0..6 {
        sim.act(at, |dummy, world| dummy.lost(world, Problem::Closed));
    }
    sim.run(2000);
    let phases = sim.phases();
    assert_eq!(phases.all_ended(), 12);
    assert_eq!(phases.ended(End::LoggedOut), playing);
    assert_eq!(phases.ended(End::NotIn), 12 - playing);
    sim.check_sums();
}

#[test]
fn a_logout_that_nobody_answers_is_unconfirmed() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), |now, line| {
        if line == "quit" { None } else { evennia(now, line) }
    })
    .start();
    sim.run(3000);
    sim.stop();
    sim.run(4900);
    assert_eq!(sim.phases().of(Phase::Leaving), 1);
    sim.run(200);
    assert_eq!(sim.phases().ended(End::Unconfirmed), 1);
}

#[test]
fn a_lost_connection_is_made_again_after_a_while_with_the_same_account() {
    let mut options = options(1);
    options.reconnect = Reconnect::Times(2);
    let mut sim = Sim::new(load("looker").expect("a profile"), options, evennia).start();
    sim.run(3000);
    sim.log.clear();
    let closed = |dummy: &mut Dummy, world: &mut World<'_>| dummy.lost(world, Problem::Closed);
    sim.act(0, closed);
    assert_eq!(sim.phases().of(Phase::Resting), 1);
    let wait = sim.dummies[0].wake() - sim.now;
    assert!(wait <= 2 * SECOND, "{wait}");
    sim.run(2100);
    assert_eq!(sim.phases().of(Phase::Connecting), 1);
    sim.connect(0);
    sim.run(3000);
    assert_eq!(
        (sim.phases().of(Phase::Playing), sim.counters().reconnects),
        (1, 1)
    );
    // The account and its room are there.
    assert!(
        sim.lines()[0].starts_with("connect Dummy_20260102030405_001 "),
        "{:?}",
        sim.lines()
    );
    for _ in 0..3 {
        sim.act(0, closed);
        sim.run(10_000);
    }
    assert_eq!(sim.phases().ended(End::ConnectFailed), 1);
    sim.check_sums();
}
