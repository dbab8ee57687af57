//! Which level comes next: up in doubles until one fails twice, by halves between what held and what did not, and then
//! up and down around the edge.
//!
//! The last part is the up-and-down method of Dixon and Mood (1948): one step up after a level that held, one down after
//! one that did not. It stays where half of the tries hold, and so puts its tries where they say most.

use super::End;
use super::level::Outcome;

/// Bisection ends when the two sides are so near to each other.
const NEAR: f64 = 0.04;
/// After so many steps the same way they get longer: the edge lies elsewhere.
const STRAY: u32 = 3;

/// So many levels in a row that we are too slow for end the search.
const OURS: u32 = 3;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Level(u32),
    End(End),
}

/// The levels so far.
#[derive(Debug)]
pub(super) struct Search {
    most: u32,
    repeats: u32,
    phase: Phase,
    trials: Vec<(u32, bool)>,
    low: Option<u32>,
    high: Option<u32>,
    /// Levels in a row that we were too slow for ourselves.
    ours: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Doubles.
    Climb,
    /// The first that failed, again: a hiccup must not end the climb.
    Confirm,
    /// The first level of all failed: halves of it.
    Descend,
    Bisect,
    /// Up and down: tries that are left, the length of a step, and how many went which way in a row.
    Edge {
        left: u32,
        step: u32,
        row: u32,
        was_kept: bool,
    },
}

impl Search {
    pub(super) fn new(first: u32, most: u32, repeats: u32) -> Search {
        Search {
            most: most.max(first),
            repeats,
            phase: Phase::Climb,
            trials: Vec::new(),
            low: None,
            high: None,
            ours: 0,
        }
    }

    /// The most that held, where nothing above is known to have held.
    pub(super) fn low(&self) -> Option<u32> {
        self.low
    }

    /// The fewest that did not hold.
    pub(super) fn high(&self) -> Option<u32> {
        self.high
    }

    /// All levels with whether they held.
    pub(super) fn trials(&self) -> &[(u32, bool)] {
        &self.trials
    }

    /// A level is over.
    pub(super) fn tell(&mut self, dummies: u32, outcome: Outcome) -> Next {
        if outcome == Outcome::Ours {
            return self.again(dummies);
        }
        self.ours = 0;
        let is_kept = outcome == Outcome::Kept;
        self.trials.push((dummies, is_kept));
        if is_kept {
            self.low = Some(self.low.map_or(dummies, |low| low.max(dummies)));
        }
        match self.phase {
            Phase::Climb if is_kept => self.climb(dummies),
            Phase::Climb => {
                self.phase = Phase::Confirm;
                Next::Level(dummies)
            }
            Phase::Confirm if is_kept => {
                self.phase = Phase::Climb;
                self.climb(dummies)
            }
            Phase::Confirm | Phase::Descend if !is_kept => {
                self.high = Some(dummies);
                match self.low {
                    Some(_) => self.bisect(),
                    None if dummies == 1 => Next::End(End::Nothing),
                    None => {
                        self.phase = Phase::Descend;
                        Next::Level(dummies / 2)
                    }
                }
            }
            Phase::Bisect if !is_kept => {
                self.high = Some(dummies);
                self.bisect()
            }
            Phase::Confirm | Phase::Descend | Phase::Bisect => self.bisect(),
            Phase::Edge { .. } => self.edge(dummies, is_kept),
        }
    }

    /// We were too slow ourselves, which says nothing of the server: perhaps not the next time.
    fn again(&mut self, dummies: u32) -> Next {
        self.ours += 1;
        if self.ours < OURS {
            Next::Level(dummies)
        } else {
            Next::End(End::Ours)
        }
    }

    fn climb(&mut self, dummies: u32) -> Next {
        if dummies >= self.most {
            return Next::End(End::Most);
        }
        Next::Level(dummies.saturating_mul(2).min(self.most))
    }

    fn bisect(&mut self) -> Next {
        let (Some(low), Some(high)) = (self.low, self.high) else {
            return Next::End(End::Nothing);
        };
        if high.saturating_sub(low) > step(low) {
            self.phase = Phase::Bisect;
            return Next::Level(low + (high - low) / 2);
        }
        if self.repeats == 0 {
            return Next::End(End::Found);
        }
        self.phase = Phase::Edge {
            left: self.repeats,
            step: step(low),
            row: 0,
            was_kept: true,
        };
        Next::Level(low)
    }

    fn edge(&mut self, dummies: u32, is_kept: bool) -> Next {
        let Phase::Edge {
            left,
            step: length,
            row,
            was_kept,
        } = self.phase
        else {
            return Next::End(End::Found);
        };
        if !is_kept {
            self.high = Some(self.high.map_or(dummies, |high| high.min(dummies)));
        }
        if left <= 1 {
            return Next::End(End::Found);
        }
        let row = if is_kept == was_kept { row + 1 } else { 1 };
        let length = if row > STRAY {
            length.saturating_mul(2)
        } else {
            step(dummies)
        };
        self.phase = Phase::Edge {
            left: left - 1,
            step: length,
            row,
            was_kept: is_kept,
        };
        Next::Level(if is_kept {
            dummies.saturating_add(length).min(self.most)
        } else {
            dummies.saturating_sub(length).max(1)
        })
    }
}

/// As near as levels can usefully be.
fn step(dummies: u32) -> u32 {
    ((f64::from(dummies) * NEAR).round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches with a server that holds what `holds` says; returns the levels and the end.
    fn search(first: u32, most: u32, holds: impl Fn(usize, u32) -> Outcome) -> (Vec<u32>, End, Search) {
        let mut search = Search::new(first, most, 6);
        let (mut levels, mut dummies) = (Vec::new(), first);
        loop {
            levels.push(dummies);
            match search.tell(dummies, holds(levels.len(), dummies)) {
                Next::Level(next) => dummies = next,
                Next::End(end) => return (levels, end, search),
            }
            assert!(levels.len() < 100, "{levels:?}");
        }
    }

    fn up_to(limit: u32) -> impl Fn(usize, u32) -> Outcome {
        move |_, dummies| {
            if dummies <= limit {
                Outcome::Kept
            } else {
                Outcome::Failed
            }
        }
    }

    #[test]
    fn doubles_halves_and_stays_at_the_edge() {
        let (levels, end, search) = search(10, 10_000, up_to(100));
        assert_eq!(end, End::Found);
        // By hand: 160 fails twice; 120, 100, 110, 105, 102 between; then steps of 4 around 100.
        assert_eq!(
            levels,
            [
                10, 20, 40, 80, 160, 160, 120, 100, 110, 105, 102, 100, 104, 100, 104, 100, 104
            ]
        );
        assert_eq!((search.low(), search.high()), (Some(100), Some(102)));
    }

    #[test]
    fn a_hiccup_does_not_end_the_climb() {
        let hiccup = |level: usize, dummies: u32| {
            if level == 2 || dummies > 300 {
                Outcome::Failed
            } else {
                Outcome::Kept
            }
        };
        let (levels, end, _) = search(10, 10_000, hiccup);
        assert_eq!(levels[..4], [10, 20, 20, 40]);
        assert_eq!(end, End::Found);
        assert!(
            levels
                .iter()
                .rev()
                .take(6)
                .all(|level| (280..=325).contains(level)),
            "{levels:?}"
        );
    }

    #[test]
    fn ends_without_an_edge() {
        assert_eq!(search(10, 50, up_to(100)).0, [10, 20, 40, 50]);
        assert_eq!(search(10, 50, up_to(100)).1, End::Most);
        assert_eq!(search(8, 50, up_to(0)).0, [8, 8, 4, 2, 1]);
        assert_eq!(search(8, 50, up_to(0)).1, End::Nothing);
        assert_eq!(search(1, 1, up_to(1)).1, End::Most);
        let ours = |_, dummies: u32| {
            if dummies <= 40 {
                Outcome::Kept
            } else {
                Outcome::Ours
            }
        };
        let (levels, end, search) = search(10, 1000, ours);
        assert_eq!(
            (levels.last(), end, search.low()),
            (Some(&80), End::Ours, Some(40))
        );
    }

    #[test]
    fn a_first_level_that_is_too_high_is_halved() {
        let (levels, end, _) = search(100, 1000, up_to(7));
        assert_eq!(levels[..8], [100, 100, 50, 25, 12, 6, 9, 7]);
        assert_eq!(end, End::Found);
    }

    #[test]
    fn an_edge_that_moved_is_followed() {
        // It looked like 20, and is 300.
        let moved = |level: usize, dummies: u32| {
            let limit = if level <= 9 { 20 } else { 300 };
            if dummies <= limit {
                Outcome::Kept
            } else {
                Outcome::Failed
            }
        };
        let (levels, ..) = search(10, 10_000, moved);
        assert!(levels.last().is_some_and(|last| *last > 24), "{levels:?}");
    }
}
