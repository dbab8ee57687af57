//! What is filled into a dummy's commands.

use super::super::scenario::template::{Part, Template, Values};
use super::plan::Plan;
use super::{Dummy, Lists};
use crate::random::Random;
use std::io::Write as _;

/// No list grows beyond this: a dummy that digs for days must not fill the memory. The oldest goes first.
const LONGEST_LIST: usize = 200;

/// Values of one dummy at one moment.
struct Filler<'a> {
    dummy: &'a mut Dummy,
    plan: &'a Plan,
    now: u64,
}

impl Values for Filler<'_> {
    fn push(&mut self, part: &Part, out: &mut Vec<u8>) {
        let number = self.dummy.number;
        let options = &self.plan.options;
        let scenario = &self.plan.scenario;
        // Writing to memory does not fail.
        let _ = match part {
            Part::Name => {
                scenario.name.render(self, 0, out);
                Ok(())
            }
            Part::Password => {
                match &scenario.password {
                    Some(password) => password.render(self, 0, out),
                    None => push_password(self.plan, number, out),
                }
                Ok(())
            }
            Part::Gid => write!(out, "{}_{:03}", options.stamp, number + 1),
            Part::Cid => write!(out, "{:03}", number + 1),
            Part::Letters => {
                push_letters(self.plan, number, out);
                Ok(())
            }
            Part::Istep => write!(out, "{}", self.dummy.istep),
            Part::N => write!(out, "{}_{:03}_{}", options.stamp, number + 1, self.dummy.actions),
            Part::Counter => {
                self.dummy.counter += 1;
                write!(out, "{}_{:03}_c{}", options.stamp, number + 1, self.dummy.counter)
            }
            Part::Timestamp => write!(out, "{:.6}", options.epoch + self.now as f64 / 1e9),
            Part::Tag => {
                push_tag(number, self.dummy.istep, out);
                Ok(())
            }
            Part::Feed(feed, column) => {
                let rows = scenario.feeds.get(*feed).map_or(&[][..], |feed| &feed.rows);
                let row = (number as usize)
                    .checked_rem(rows.len())
                    .and_then(|at| rows[at].get(*column));
                out.extend_from_slice(row.map_or(&[], |text| text.as_bytes()));
                Ok(())
            }
            // The template fills these in itself.
            Part::Text(_) | Part::Rand(..) | Part::Pick(_) | Part::Each(_) | Part::Variable(_) => Ok(()),
        };
    }

    fn list(&self, list: usize) -> &[Box<str>] {
        self.dummy.list(self.plan, list)
    }

    fn random(&mut self) -> &mut Random {
        &mut self.dummy.random
    }
}

impl Dummy {
    /// A list as the dummy has it: its own once it was changed, else the scenario's.
    pub(super) fn list<'a>(&'a self, plan: &'a Plan, list: usize) -> &'a [Box<str>] {
        let own = self
            .more
            .as_ref()
            .and_then(|more| more.lists.0.iter().find(|(at, _)| *at == list));
        match own {
            Some((_, texts)) => texts,
            None => plan
                .scenario
                .variables
                .get(list)
                .map_or(&[], |variable| &variable.initial),
        }
    }

    /// Appends to a list.
    pub(super) fn push_to_list(&mut self, plan: &Plan, list: usize, text: &[u8]) {
        // What the server said may hold anything; a command may not.
        let text: String = String::from_utf8_lossy(text)
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        let texts = self.own_list(plan, list);
        if texts.len() >= LONGEST_LIST {
            texts.remove(0);
        }
        texts.push(text.into());
    }

    fn own_list(&mut self, plan: &Plan, list: usize) -> &mut Vec<Box<str>> {
        let at = self.more().lists.0.iter().position(|(known, _)| *known == list);
        let at = match at {
            Some(at) => at,
            None => {
                let initial = self.list(plan, list).to_vec();
                let Lists(lists) = &mut self.more().lists;
                lists.push((list, initial));
                lists.len() - 1
            }
        };
        &mut self.more().lists.0[at].1
    }

    /// The command, filled in.
    pub(super) fn fill(
        &mut self,
        plan: &Plan,
        now: u64,
        template: &Template,
        element: usize,
        out: &mut Vec<u8>,
    ) {
        let dummy = self;
        template.render(&mut Filler { dummy, plan, now }, element, out);
    }

    /// Can it be filled in?
    pub(super) fn is_possible(&mut self, plan: &Plan, template: &Template) -> bool {
        let dummy = self;
        template.is_possible(&Filler { dummy, plan, now: 0 })
    }
}

/// What closes a command: no other dummy's tag contains it.
pub(super) fn push_tag(number: u32, step: u32, out: &mut Vec<u8>) {
    let _ = write!(out, "prof{}x{step}", number + 1);
}

/// The step of a dummy's tag anywhere in this text.
pub(super) fn find_tag(number: u32, text: &[u8]) -> Option<u32> {
    let mut start = [0; 16];
    let mut left = &mut start[..];
    write!(left, "prof{}x", number + 1).ok()?;
    let unused = left.len();
    let start = &start[..start.len() - unused];
    let at = memchr::memmem::find(text, start)? + start.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[at..at + digits]).ok()?.parse().ok()
}

/// Sixteen letters and digits, the same whenever it is asked for.
fn push_password(plan: &Plan, number: u32, out: &mut Vec<u8>) {
    const SIGNS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut random = plan.random(number, 1);
    out.extend((0..16).map(|_| SIGNS[random.below(62) as usize]));
}

/// Four letters of the run and the number in base 26, so that two runs make different names.
fn push_letters(plan: &Plan, number: u32, out: &mut Vec<u8>) {
    let letter = |digit: u64| b'a' + (digit % 26) as u8;
    let mut random = plan.random(u32::MAX, 2);
    out.extend((0..4).map(|_| letter(random.below(26))));
    let mut rest = u64::from(number);
    loop {
        out.push(letter(rest));
        rest /= 26;
        if rest == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_anywhere_and_only_the_dummys_own() {
        let check =
            |text: &str, expected: Option<u32>| assert_eq!(find_tag(11, text.as_bytes()), expected, "{text}");
        let mut tag = Vec::new();
        push_tag(11, 345, &mut tag);
        assert_eq!(tag, b"prof12x345");
        check("Echo returns: ['prof12x345'], {}", Some(345));
        check("x prof112x345", None);
        check("prof12x", None);
        check("prof12x99999999999", None);
        check("", None);
        assert_eq!(
            find_tag(u32::MAX - 1, b"prof4294967295x4294967295"),
            Some(u32::MAX)
        );
    }
}
