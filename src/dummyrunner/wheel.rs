//! The timer wheel: when each dummy must be looked at next.
//!
//! It keeps true: a timer never fires early and at most one slot late by the wheel's own doing; an id has at most
//! one timer; setting and cancelling take the same few steps however many timers there are. It has no clock: times
//! are nanoseconds since any fixed moment, and the caller says what time it is.
//!
//! Two rings of slots, as in Varghese and Lauck, "Hashed and hierarchical timing wheels" (1987): the near ring holds
//! single slots, the far one whole turns of the near ring, which are dealt out when their time comes.

/// Slots of a ring; a power of two, so that a slot is a few bits of the time.
const SLOTS: u64 = 1024;
const WORDS: usize = SLOTS as usize / 64;
const NONE: u32 = u32::MAX;

/// Timers by id, in slots of one length.
#[derive(Debug)]
pub struct Wheel {
    resolution: u64,
    /// The first slot that has not fired.
    cursor: u64,
    near: Ring,
    far: Ring,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Ring {
    heads: Vec<u32>,
    occupied: [u64; WORDS],
}

#[derive(Clone, Copy, Debug)]
struct Node {
    next: u32,
    previous: u32,
    /// The slot it is due in, or `UNSET`.
    slot: u64,
    far: bool,
}

const UNSET: u64 = u64::MAX;

impl Wheel {
    /// A wheel without timers that starts at time 0, for ids below `ids`, with slots of so many nanoseconds.
    #[must_use]
    pub fn new(ids: usize, resolution: u64) -> Wheel {
        let node = Node {
            next: NONE,
            previous: NONE,
            slot: UNSET,
            far: false,
        };
        Wheel {
            resolution: resolution.max(1),
            cursor: 0,
            near: Ring::new(),
            far: Ring::new(),
            nodes: vec![node; ids],
        }
    }

    /// Sets the timer of `id`, instead of one that it has, and returns the time of the slot that it fires in: `at`
    /// or up to a slot later. A time that has passed fires in the next slot that can.
    ///
    /// # Panics
    /// If `id` is not below the number of ids.
    pub fn set(&mut self, id: u32, at: u64) -> u64 {
        self.cancel(id);
        let slot = at.div_ceil(self.resolution).max(self.cursor);
        self.insert(id, slot);
        slot * self.resolution
    }

    /// Removes the timer of `id`, if it has one.
    ///
    /// # Panics
    /// If `id` is not below the number of ids.
    pub fn cancel(&mut self, id: u32) {
        let Node {
            next,
            previous,
            slot,
            far,
        } = self.nodes[id as usize];
        if slot == UNSET {
            return;
        }
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NONE {
            self.nodes[previous as usize].next = next;
        } else {
            let (ring, at) = if far {
                (&mut self.far, far_place(slot))
            } else {
                (&mut self.near, slot % SLOTS)
            };
            ring.set_head(at, next);
        }
        self.nodes[id as usize].slot = UNSET;
    }

    /// Takes all timers that are due at `now` and appends them to `due` as id and time of their slot, in the order of
    /// their times.
    pub fn advance(&mut self, now: u64, due: &mut Vec<(u32, u64)>) {
        let end = now / self.resolution;
        while self.cursor <= end {
            if self.cursor.is_multiple_of(SLOTS) {
                self.deal_out();
            }
            let turn_end = self.cursor / SLOTS * SLOTS + SLOTS;
            match self.near.first_from(self.cursor % SLOTS) {
                Some(place) => {
                    let slot = self.cursor - self.cursor % SLOTS + place;
                    if slot > end {
                        self.cursor = end + 1;
                        // A turn that has begun must be dealt out before it is looked at.
                        return;
                    }
                    self.take(place, slot, due);
                    self.cursor = slot + 1;
                }
                None => self.cursor = turn_end.min(end + 1),
            }
        }
        // The loop ends at a slot that has not begun, which may be the first of a turn: the next call deals it out.
    }

    /// When to call [`Wheel::advance`] next: the time of the next timer, or of a turn that must be dealt out before
    /// it. `None` without timers.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        let turn = self.cursor / SLOTS;
        if !self.cursor.is_multiple_of(SLOTS)
            && let Some(place) = self.near.first_from(self.cursor % SLOTS)
        {
            return Some((turn * SLOTS + place) * self.resolution);
        }
        let first_turn = self.cursor.div_ceil(SLOTS);
        // The far ring starts anywhere: what is found before the start belongs to its next round.
        let start = first_turn % SLOTS;
        let place = self.far.first_from(start).or_else(|| self.far.first_from(0))?;
        let ahead = (place + SLOTS - start) % SLOTS;
        Some((first_turn + ahead) * SLOTS * self.resolution)
    }

    /// Into the near ring if it is due in the turn that runs, else into the far one.
    fn insert(&mut self, id: u32, slot: u64) {
        // At a turn's first slot that turn has not been dealt out: its timers wait in the far ring.
        let far = slot / SLOTS > self.cursor / SLOTS || self.cursor.is_multiple_of(SLOTS);
        let place = if far { far_place(slot) } else { slot % SLOTS };
        let ring = if far { &mut self.far } else { &mut self.near };
        let head = ring.heads[place as usize];
        if head != NONE {
            self.nodes[head as usize].previous = id;
        }
        ring.set_head(place, id);
        self.nodes[id as usize] = Node {
            next: head,
            previous: NONE,
            slot,
            far,
        };
    }

    /// Moves the timers of the turn that begins from the far ring to the near one.
    fn deal_out(&mut self) {
        let place = far_place(self.cursor);
        let turn = self.cursor / SLOTS;
        let mut id = self.far.heads[place as usize];
        self.far.set_head(place, NONE);
        while id != NONE {
            let Node { next, slot, .. } = self.nodes[id as usize];
            // A later round of the far ring keeps its place.
            let far = slot / SLOTS > turn;
            let (ring, at) = if far {
                (&mut self.far, place)
            } else {
                (&mut self.near, slot % SLOTS)
            };
            let head = ring.heads[at as usize];
            ring.set_head(at, id);
            if head != NONE {
                self.nodes[head as usize].previous = id;
            }
            self.nodes[id as usize] = Node {
                next: head,
                previous: NONE,
                slot,
                far,
            };
            id = next;
        }
    }

    fn take(&mut self, place: u64, slot: u64, due: &mut Vec<(u32, u64)>) {
        let mut id = self.near.heads[place as usize];
        self.near.set_head(place, NONE);
        while id != NONE {
            let node = &mut self.nodes[id as usize];
            node.slot = UNSET;
            due.push((id, slot * self.resolution));
            id = node.next;
        }
    }
}

/// The far place of a slot; what lies more than a round ahead stays in it until its turn has come.
fn far_place(slot: u64) -> u64 {
    (slot / SLOTS) % SLOTS
}

impl Ring {
    fn new() -> Ring {
        Ring {
            heads: vec![NONE; SLOTS as usize],
            occupied: [0; WORDS],
        }
    }

    fn set_head(&mut self, place: u64, id: u32) {
        self.heads[place as usize] = id;
        let (word, bit) = (place as usize / 64, 1u64 << (place % 64));
        if id == NONE {
            self.occupied[word] &= !bit;
        } else {
            self.occupied[word] |= bit;
        }
    }

    /// The first place from `start` on that holds timers.
    fn first_from(&self, start: u64) -> Option<u64> {
        let first = start as usize / 64;
        let mut mask = u64::MAX << (start % 64);
        for word in first..WORDS {
            let found = self.occupied[word] & mask;
            if found != 0 {
                return Some(word as u64 * 64 + u64::from(found.trailing_zeros()));
            }
            mask = u64::MAX;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const MS: u64 = 1_000_000;

    /// Sets these timers (id by position), advances to these times, and returns what fired at each.
    fn check(timers: &[u64], times: &[u64], expected: &[&[(u32, u64)]]) {
        let mut wheel = Wheel::new(timers.len(), MS);
        for (id, &at) in timers.iter().enumerate() {
            wheel.set(id as u32, at);
        }
        for (&now, &expected) in times.iter().zip(expected) {
            let mut due = Vec::new();
            wheel.advance(now, &mut due);
            assert_eq!(due, expected, "at {now}");
        }
    }

    #[test]
    fn a_timer_fires_in_the_slot_after_its_time_and_never_early() {
        check(
            &[2 * MS, 2 * MS + 1, 0],
            &[0, 2 * MS - 1, 2 * MS, 3 * MS - 1, 3 * MS],
            &[&[(2, 0)], &[], &[(0, 2 * MS)], &[], &[(1, 3 * MS)]],
        );
    }

    #[test]
    fn far_timers_fire_in_their_own_slot() {
        let far = 1500 * MS;
        // More than a round of the far ring, which is 1024 * 1024 slots.
        let farther = 3_000_000 * MS;
        check(
            &[far, farther],
            &[far - 1, far, farther - 1, farther],
            &[&[], &[(0, far)], &[], &[(1, farther)]],
        );
    }

    #[test]
    fn next_is_never_later_than_the_next_timer() {
        let mut wheel = Wheel::new(2, MS);
        assert_eq!(wheel.next(), None);
        wheel.set(0, 5_000 * MS);
        let mut due = Vec::new();
        let mut steps = 0;
        while due.is_empty() {
            let next = wheel.next().expect("a timer");
            assert!(next <= 5_000 * MS);
            wheel.advance(next, &mut due);
            steps += 1;
        }
        assert_eq!((due, wheel.next()), (vec![(0, 5_000 * MS)], None));
        assert!(
            steps <= 6,
            "{steps} steps: only turns that hold a timer wake anyone"
        );
    }

    #[test]
    fn a_timer_can_be_moved_and_cancelled() {
        let mut wheel = Wheel::new(2, MS);
        wheel.set(0, 5 * MS);
        wheel.set(1, 5 * MS);
        assert_eq!(wheel.set(0, 7 * MS - 1), 7 * MS);
        wheel.cancel(1);
        wheel.cancel(1);
        let mut due = Vec::new();
        wheel.advance(6 * MS, &mut due);
        assert!(due.is_empty());
        wheel.advance(7 * MS, &mut due);
        assert_eq!(due, [(0, 7 * MS)]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u32, u64),
        Cancel(u32),
        Advance(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let ahead = prop_oneof![0..3000u64, 0..5_000_000u64, 0..100_000_000_000u64];
        let step = prop_oneof![
            (0..20u32, ahead).prop_map(|(id, ahead)| Step::Set(id, ahead)),
            (0..20u32).prop_map(Step::Cancel),
            prop_oneof![0..5000u64, 0..3_000_000u64].prop_map(Step::Advance),
        ];
        prop::collection::vec(step, 1..80)
    }

    proptest! {
        /// The same as a sorted map of due times, with `next` always in time.
        #[test]
        fn it_does_what_a_sorted_map_does(steps in steps()) {
            let mut wheel = Wheel::new(20, 1000);
            let mut model: BTreeMap<u32, u64> = BTreeMap::new();
            let (mut now, mut cursor) = (0, 0);
            for step in steps {
                match step {
                    Step::Set(id, ahead) => {
                        let slot = (now + ahead).div_ceil(1000).max(cursor) * 1000;
                        prop_assert_eq!(wheel.set(id, now + ahead), slot);
                        model.insert(id, slot);
                    }
                    Step::Cancel(id) => {
                        wheel.cancel(id);
                        model.remove(&id);
                    }
                    Step::Advance(by) => {
                        now += by;
                        let mut due = Vec::new();
                        wheel.advance(now, &mut due);
                        let times: Vec<u64> = due.iter().map(|&(_, at)| at).collect();
                        prop_assert!(times.is_sorted());
                        due.sort_unstable();
                        let expected: Vec<_> = model.iter().filter(|&(_, &at)| at <= now).map(|(&id, &at)| (id, at)).collect();
                        model.retain(|_, at| *at > now);
                        prop_assert_eq!(due, expected);
                        cursor = now / 1000 + 1;
                    }
                }
                let first = model.values().min().copied();
                prop_assert_eq!(wheel.next().is_none(), first.is_none());
                if let (Some(next), Some(first)) = (wheel.next(), first) {
                    prop_assert!(next <= first, "next {} but first {}", next, first);
                }
            }
        }
    }
}
