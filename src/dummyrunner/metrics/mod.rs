//! What a run measures. Each thread counts for itself; sums are made of whole threads and whole seconds.
//!
//! Kept true: every command that was sent ends as answered, lost, unmeasured or cut off by the end of its connection;
//! every dummy stands in exactly one phase.

mod lags;
mod problem;

pub use lags::{LONGEST_US, Lags};
pub use problem::Problem;

use super::scenario::Method;

/// Where a dummy is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// Its connection was not begun.
    Waiting,
    /// It waits for the server to accept.
    Connecting,
    /// Connected, and waits for the welcome screen.
    Connected,
    /// At the welcome screen, before its login.
    Welcome,
    /// Its login runs.
    Authing,
    /// It is in.
    Playing,
    /// Its logout runs.
    Leaving,
    /// It waits to connect again.
    Resting,
    /// It is done.
    Ended(End),
}

/// How a dummy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum End {
    /// The server answered its logout, or closed the connection after it.
    LoggedOut,
    /// Its logout was sent, but nothing came back in time.
    Unconfirmed,
    /// It was connected but had not logged in when the run ended.
    NotIn,
    /// Its turn to connect never came, or it was not yet connected when the run ended.
    NeverConnected,
    /// Its connection could not be made.
    ConnectFailed,
    /// Its login failed.
    LoginFailed,
    /// It lost its connection, or gave it up.
    Lost,
    /// The run was broken off while it was connected.
    Aborted,
}

impl End {
    /// All, with the words of reports.
    pub const ALL: [(End, &'static str); 8] = [
        (End::LoggedOut, "logged out"),
        (End::Unconfirmed, "logout unanswered"),
        (End::NotIn, "not yet in"),
        (End::NeverConnected, "never connected"),
        (End::ConnectFailed, "connection failed"),
        (End::LoginFailed, "login failed"),
        (End::Lost, "connection lost"),
        (End::Aborted, "broken off"),
    ];
}

impl Phase {
    const COUNT: usize = 8 + End::ALL.len();

    fn place(self) -> usize {
        match self {
            Phase::Waiting => 0,
            Phase::Connecting => 1,
            Phase::Connected => 2,
            Phase::Welcome => 3,
            Phase::Authing => 4,
            Phase::Playing => 5,
            Phase::Leaving => 6,
            Phase::Resting => 7,
            Phase::Ended(end) => 8 + end as usize,
        }
    }
}

/// How many dummies are in each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases([u32; Phase::COUNT]);

impl Phases {
    /// So many that wait.
    #[must_use]
    pub fn new(dummies: u32) -> Phases {
        let mut phases = Phases::default();
        phases.0[0] = dummies;
        phases
    }

    /// One dummy moves on.
    pub fn step(&mut self, from: Phase, to: Phase) {
        self.0[from.place()] -= 1;
        self.0[to.place()] += 1;
    }

    /// How many are there.
    #[must_use]
    pub fn of(&self, phase: Phase) -> u32 {
        self.0[phase.place()]
    }

    /// How many ended so.
    #[must_use]
    pub fn ended(&self, end: End) -> u32 {
        self.of(Phase::Ended(end))
    }

    /// All.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Those that ended.
    #[must_use]
    pub fn all_ended(&self) -> u32 {
        self.0[8..].iter().sum()
    }

    /// Leaves out so many that never connected: nobody wanted them.
    pub fn leave_out(&mut self, spare: u32) {
        let count = &mut self.0[Phase::Ended(End::NeverConnected).place()];
        *count = count.saturating_sub(spare);
    }

    /// Adds those of another thread.
    pub fn add(&mut self, other: &Phases) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, one)| *sum += one);
    }
}

/// What is counted, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Commands sent by actions.
    pub sent: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Not answered in time.
    pub lost: u64,
    /// Answers that came after that.
    pub late: u64,
    /// Answers that said that the command failed.
    pub failed: u64,
    /// Commands of which no answer was looked for.
    pub unmeasured: u64,
    /// Commands whose connection ended before the answer.
    pub cut_off: u64,
    /// Ticks that came too early and were left out: skipped, or more than can wait.
    pub ticks_dropped: u64,
    /// Commands of logins and logouts.
    pub login_commands: u64,
    /// Connections made.
    pub connected: u64,
    /// Logins done.
    pub logins: u64,
    /// Connections made again.
    pub reconnects: u64,
    /// Bytes received and sent.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

impl Counters {
    fn each(&mut self, other: &Counters, change: fn(&mut u64, u64)) {
        let pairs = [
            (&mut self.sent, other.sent),
            (&mut self.answered, other.answered),
            (&mut self.lost, other.lost),
            (&mut self.late, other.late),
            (&mut self.failed, other.failed),
            (&mut self.unmeasured, other.unmeasured),
            (&mut self.cut_off, other.cut_off),
            (&mut self.ticks_dropped, other.ticks_dropped),
            (&mut self.login_commands, other.login_commands),
            (&mut self.connected, other.connected),
            (&mut self.logins, other.logins),
            (&mut self.reconnects, other.reconnects),
            (&mut self.bytes_in, other.bytes_in),
            (&mut self.bytes_out, other.bytes_out),
        ];
        for (count, by) in pairs {
            change(count, by);
        }
    }

    /// Adds those of another thread.
    pub fn add(&mut self, other: &Counters) {
        self.each(other, |count, by| *count += by);
    }

    /// What came since.
    #[must_use]
    pub fn since(&self, before: &Counters) -> Counters {
        let mut since = *self;
        since.each(before, |count, by| *count = count.saturating_sub(by));
        since
    }
}

/// One action's share.
#[derive(Clone, Debug, Default)]
pub struct ActionMetrics {
    /// Commands sent.
    pub sent: u64,
    /// Answered.
    pub answered: u64,
    /// Not in time.
    pub lost: u64,
    /// With a failure.
    pub failed: u64,
    /// From the intended send to the answer; empty in models that have no intended time.
    pub response: Lags,
    /// From the actual send to the answer.
    pub service: Lags,
}

impl ActionMetrics {
    /// Adds those of another thread.
    pub fn add(&mut self, other: &ActionMetrics) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.lost += other.lost;
        self.failed += other.failed;
        self.response.add(&other.response);
        self.service.add(&other.service);
    }
}

/// How a login was known to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// The server said so over GMCP.
    Gmcp,
    /// The expected text came.
    Expect,
    /// Some text came, and then silence.
    Text,
    /// The scenario has no login.
    None,
}

impl Evidence {
    /// All, with the words of reports.
    pub const ALL: [(Evidence, &'static str); 4] = [
        (Evidence::Gmcp, "GMCP Logged.In"),
        (Evidence::Expect, "the expected text"),
        (Evidence::Text, "any text, then silence"),
        (Evidence::None, "no login in the scenario"),
    ];
}

/// A second of one thread.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// As of its end, since the start.
    pub counters: Counters,
    /// As of its end.
    pub phases: Phases,
    /// Of the answers in it: from the intended send, or where the model has none from the actual one.
    pub lag: Lags,
    /// Of the answers in it, from the actual send.
    pub service: Lags,
    /// Lateness of the sends in it.
    pub harness: Lags,
    /// The original's echo command in it: from us to the server.
    pub lag_in: Lags,
    /// And back.
    pub lag_out: Lags,
}

/// Everything of one thread, or of all.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// By action, in the scenario's order.
    pub actions: Vec<ActionMetrics>,
    /// Commands of the login.
    pub login_commands: ActionMetrics,
    /// The actual minus the intended send of dummies that were free.
    pub harness: Lags,
    /// From the first command of the login to being in.
    pub logins: Lags,
    /// Round trips of telnet itself, which most servers answer ahead of all commands.
    pub transport: Lags,
    /// The original's echo command: from us to the server, by the wall clocks of both.
    pub lag_in: Lags,
    /// And back.
    pub lag_out: Lags,
    /// Dummies by the method that finds their answers.
    pub methods: [u32; Method::ALL.len()],
    /// Logins by how they were known to be done.
    pub evidence: [u32; Evidence::ALL.len()],
    /// Failures by kind.
    pub problems: [u64; Problem::ALL.len()],
    /// The second that runs.
    pub window: Window,
}

impl Metrics {
    /// For so many actions and dummies.
    #[must_use]
    pub fn new(actions: usize, dummies: u32) -> Metrics {
        let window = Window {
            phases: Phases::new(dummies),
            ..Window::default()
        };
        Metrics {
            actions: vec![ActionMetrics::default(); actions],
            window,
            ..Metrics::default()
        }
    }

    /// One more failure.
    pub fn problem(&mut self, problem: Problem) {
        self.problems[problem as usize] += 1;
    }

    /// Adds another thread's.
    pub fn add(&mut self, other: &Metrics) {
        self.actions.resize_with(
            self.actions.len().max(other.actions.len()),
            ActionMetrics::default,
        );
        self.actions
            .iter_mut()
            .zip(&other.actions)
            .for_each(|(sum, one)| sum.add(one));
        self.login_commands.add(&other.login_commands);
        for (sum, one) in [
            (&mut self.harness, &other.harness),
            (&mut self.logins, &other.logins),
            (&mut self.transport, &other.transport),
            (&mut self.lag_in, &other.lag_in),
            (&mut self.lag_out, &other.lag_out),
        ] {
            sum.add(one);
        }
        self.methods
            .iter_mut()
            .zip(other.methods)
            .for_each(|(sum, one)| *sum += one);
        self.evidence
            .iter_mut()
            .zip(other.evidence)
            .for_each(|(sum, one)| *sum += one);
        self.problems
            .iter_mut()
            .zip(other.problems)
            .for_each(|(sum, one)| *sum += one);
        self.window.add(&other.window);
    }

    /// The sum of all actions.
    #[must_use]
    pub fn total(&self) -> ActionMetrics {
        let mut total = ActionMetrics::default();
        self.actions.iter().for_each(|action| total.add(action));
        total
    }
}

impl Window {
    /// Adds another thread's second.
    pub fn add(&mut self, other: &Window) {
        self.counters.add(&other.counters);
        self.phases.add(&other.phases);
        self.add_lags(other);
    }

    /// Adds the lags of another window of the same thread.
    pub fn add_lags(&mut self, other: &Window) {
        self.lag.add(&other.lag);
        self.service.add(&other.service);
        self.harness.add(&other.harness);
        self.lag_in.add(&other.lag_in);
        self.lag_out.add(&other.lag_out);
    }

    /// Begins the next second: what was counted since the start stays, the lags go.
    pub fn restart(&mut self) {
        self.lag.clear();
        self.service.clear();
        self.harness.clear();
        self.lag_in.clear();
        self.lag_out.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_keep_their_sum() {
        let mut phases = Phases::new(3);
        phases.step(Phase::Waiting, Phase::Connecting);
        phases.step(Phase::Connecting, Phase::Ended(End::ConnectFailed));
        assert_eq!(
            (
                phases.total(),
                phases.all_ended(),
                phases.ended(End::ConnectFailed)
            ),
            (3, 1, 1)
        );
        for (at, (end, _)) in End::ALL.into_iter().enumerate() {
            assert_eq!(Phase::Ended(end).place(), 8 + at);
        }
    }

    #[test]
    fn all_counters_take_part_in_sums_and_differences() {
        let size = size_of::<Counters>() / size_of::<u64>();
        let one = Counters {
            sent: 1,
            answered: 1,
            lost: 1,
            late: 1,
            failed: 1,
            unmeasured: 1,
            cut_off: 1,
            ticks_dropped: 1,
            login_commands: 1,
            connected: 1,
            logins: 1,
            reconnects: 1,
            bytes_in: 1,
            bytes_out: 1,
        };
        assert_eq!(size, 14, "a new counter belongs into `one` and into `each`");
        let mut sum = one;
        sum.add(&one);
        assert_eq!(sum.since(&one), one);
        assert_eq!(one.since(&one), Counters::default());
    }

    #[test]
    fn sums_over_threads_hold_everything() {
        let thread = |lag: u64| {
            let mut metrics = Metrics::new(2, 5);
            metrics.actions[1].response.record(lag);
            metrics.actions[1].sent += 1;
            metrics.harness.record(lag);
            metrics.problem(Problem::Reset);
            metrics.methods[Method::Prompt as usize] += 1;
            metrics
        };
        let mut sum = Metrics::default();
        sum.add(&thread(1_000_000));
        sum.add(&thread(1_500_000));
        assert_eq!((sum.total().sent, sum.total().response.max()), (2, Some(1500)));
        assert_eq!(sum.window.phases.total(), 10);
        assert_eq!(sum.problems[Problem::Reset as usize], 2);
        assert_eq!((sum.methods[Method::Prompt as usize], sum.harness.len()), (2, 2));
    }
}
