//! Who may use which option: the "Q method" of RFC 1143, a state for each option and side. It answers each
//! message with at most one, and never answers an answer, so that no two peers can keep each other busy.
//!
//! An option that we never use needs no state: its offers are refused and the rest is ignored.

use super::code::{DO, DONT, IAC, WILL, WONT};
use super::options::Known;

/// Which of the two may use an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// We: `WILL` and `WONT` are ours, `DO` and `DONT` the peer's.
    Us,
    /// The peer: the other way round.
    Them,
}

impl Side {
    /// Both.
    pub(super) const BOTH: [Side; 2] = [Side::Us, Side::Them];

    /// What we say to use or allow the option, and to stop or refuse it.
    fn verbs(self) -> (u8, u8) {
        match self {
            Side::Us => (WILL, WONT),
            Side::Them => (DO, DONT),
        }
    }
}

/// Of one option and side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Not in use.
    #[default]
    No,
    /// In use.
    Yes,
    /// We said no to what was in use and wait for the answer.
    WantNo,
    /// The same, and shall say yes after it.
    WantNoThenYes,
    /// We asked or offered, and wait for the answer.
    WantYes,
    /// The same, and shall say no after it.
    WantYesThenNo,
}

/// What a message of the peer or a wish of ours leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Step {
    /// What to send: yes or no.
    say: Option<bool>,
    /// What is new: in use or no more.
    now: Option<bool>,
}

impl State {
    /// The peer said yes or no; `welcome` tells whether we want the option.
    fn receive(self, yes: bool, welcome: bool) -> (State, Step) {
        use State::{No, WantNo, WantNoThenYes, WantYes, WantYesThenNo, Yes};
        let step = |say, now| Step { say, now };
        match (self, yes) {
            (No, true) if welcome => (Yes, step(Some(true), Some(true))),
            (No, true) => (No, step(Some(false), None)),
            (Yes, true) | (No, false) => (self, Step::default()),
            (Yes, false) => (No, step(Some(false), Some(false))),
            // To "no" only "no" is an answer; RFC 1143 takes a "yes" for it, too.
            (WantNo, _) => (No, Step::default()),
            (WantNoThenYes, true) => (Yes, step(None, Some(true))),
            (WantNoThenYes, false) => (WantYes, step(Some(true), None)),
            (WantYes, true) => (Yes, step(None, Some(true))),
            (WantYes | WantYesThenNo, false) => (No, Step::default()),
            (WantYesThenNo, true) => (WantNo, step(Some(false), None)),
        }
    }

    /// We want the option in use, or no more.
    fn wish(self, yes: bool) -> (State, Step) {
        use State::{No, WantNo, WantNoThenYes, WantYes, WantYesThenNo, Yes};
        let step = |say, now| Step { say, now };
        match (self, yes) {
            (No, true) => (WantYes, step(Some(true), None)),
            (Yes, false) => (WantNo, step(Some(false), Some(false))),
            (WantNo, true) => (WantNoThenYes, Step::default()),
            (WantNoThenYes, false) => (WantNo, Step::default()),
            (WantYes, false) => (WantYesThenNo, Step::default()),
            (WantYesThenNo, true) => (WantYes, Step::default()),
            (No | WantNo | WantYesThenNo, false) | (Yes | WantYes | WantNoThenYes, true) => {
                (self, Step::default())
            }
        }
    }

    fn is_used(self) -> bool {
        self == State::Yes
    }
}

/// The states of all options that we know, both sides of one in a byte.
#[derive(Clone, Debug, Default)]
pub(super) struct Negotiation {
    states: [u8; Known::COUNT],
}

impl Negotiation {
    pub(super) fn is_used(&self, side: Side, option: Known) -> bool {
        self.state(side, option).is_used()
    }

    /// The peer said this of an option that we know; what we say to it goes to `out`. Returns what is new:
    /// whose option is in use or no more. Where `answers` says no, an offer of what is not in use is left
    /// without an answer; else `is_welcome` says what the answer is.
    pub(super) fn receive(
        &mut self,
        verb: u8,
        option: Known,
        answers: impl Fn(Side) -> bool,
        is_welcome: impl Fn(Side) -> bool,
        out: &mut Vec<u8>,
    ) -> Option<(Side, bool)> {
        let (side, yes) = of_verb(verb);
        let state = self.state(side, option);
        if state == State::No && yes && !answers(side) {
            return None;
        }
        let (state, step) = state.receive(yes, is_welcome(side));
        self.apply(side, option, state, step, out);
        step.now.map(|now| (side, now))
    }

    pub(super) fn wish(&mut self, side: Side, option: Known, yes: bool, out: &mut Vec<u8>) {
        let (state, step) = self.state(side, option).wish(yes);
        self.apply(side, option, state, step, out);
    }

    fn apply(&mut self, side: Side, option: Known, state: State, step: Step, out: &mut Vec<u8>) {
        let byte = &mut self.states[option as usize];
        let shift = shift(side);
        *byte = *byte & !(7 << shift) | (state as u8) << shift;
        if let Some(yes) = step.say {
            say(side, option.code(), yes, out);
        }
    }

    fn state(&self, side: Side, option: Known) -> State {
        const ALL: [State; 6] = [
            State::No,
            State::Yes,
            State::WantNo,
            State::WantNoThenYes,
            State::WantYes,
            State::WantYesThenNo,
        ];
        let bits = self.states[option as usize] >> shift(side) & 7;
        ALL.get(usize::from(bits)).copied().unwrap_or_default()
    }
}

fn shift(side: Side) -> u8 {
    match side {
        Side::Us => 0,
        Side::Them => 3,
    }
}

/// Whose option the peer's `verb` is about, and whether it says yes.
fn of_verb(verb: u8) -> (Side, bool) {
    match verb {
        WILL => (Side::Them, true),
        WONT => (Side::Them, false),
        DO => (Side::Us, true),
        _ => (Side::Us, false),
    }
}

/// Refuses an option that we never use. Nothing is in use, so "no" needs no answer.
pub(super) fn refuse(verb: u8, option: u8, out: &mut Vec<u8>) {
    let (side, yes) = of_verb(verb);
    if yes {
        say(side, option, false, out);
    }
}

pub(super) fn say(side: Side, option: u8, yes: bool, out: &mut Vec<u8>) {
    let (accept, stop) = side.verbs();
    out.extend_from_slice(&[IAC, if yes { accept } else { stop }, option]);
}
