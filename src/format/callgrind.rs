//! Reads callgrind files, which valgrind, xdebug, pyprof2calltree and others write for KCachegrind.
//!
//! The format holds a cost for each line of a function and for each call, several events side by side; the
//! first event is taken. If its name is one of time (`ns`, `us`, `Time_(10ns)`, …) it becomes seconds;
//! otherwise one unit of it, an instruction perhaps, is kept as one nanosecond, and [`Callgrind::is_time`]
//! says so.
//!
//! What a [`Profile`] has and the format has not is filled in:
//! - a function's line is the smallest one at which it is called, or else the smallest of its own costs;
//! - calls are counted at the callers; a function that nobody calls was called once, and a call of a
//!   function by itself counts as recursion;
//! - the cumulative time of a function is its own and that of its calls to others, at most the total: in a
//!   cycle of several functions that may be too much;
//! - own times of edges are shared out by the edges' cumulative times, among the callers of a function that
//!   calls itself by the numbers of calls.
//!
//! Functions are told apart by file and name. The object file stands in for a file that is not known.
//!
//! Source: "Callgrind Format Specification" in valgrind's manual.

use crate::profile::{self, Calls, Count, EdgeCalls, KeyId, Profile, StrId, Strings};
use crate::python::{Dialect, Seconds, text};
use rustc_hash::FxHashMap;

/// Why bytes are no callgrind file. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line is none of the format.
    #[error("line {line}: expected {expected}, found {found}")]
    Line {
        /// Where it stands.
        line: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there, shortened and escaped for showing.
        found: String,
    },
    /// The file ends where a line is missing.
    #[error("line {line}: the file ends before {expected}")]
    Truncated {
        /// The line that is missing.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// There is not a single function.
    #[error("the file has no functions")]
    NoFunctions,
    /// The costs leave 64 bits.
    #[error("line {line}: the costs add up to more than 2^64 - 1")]
    Overflow {
        /// The line that was too much.
        line: usize,
    },
    /// The names or their number go beyond what is kept.
    #[error(transparent)]
    Profile(#[from] profile::Error),
}

impl Error {
    /// What the user can do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Line { .. } => {
                Some("callgrind files have lines such as `fn=main`, `calls=2 17` and `17 400`")
            }
            Error::Truncated { .. } => Some("the file is cut short: let the profiled program finish writing"),
            Error::NoFunctions => Some("nothing was measured while the program ran"),
            Error::Overflow { .. } | Error::Profile(_) => None,
        }
    }
}

/// A callgrind file.
#[derive(Clone, Debug)]
pub struct Callgrind {
    /// Functions and calls; costs as seconds.
    pub profile: Profile,
    /// The name of the event that was taken.
    pub event: String,
    /// Is that event a time? If not, one unit of it is kept as a nanosecond.
    pub is_time: bool,
}

/// Reads a file.
///
/// ```
/// use prof::format::callgrind;
/// use prof::python::Seconds;
/// let text = b"events: us\nfl=a.py\nfn=main\n1 500\ncfn=work\ncalls=2 9\n1 1500\n\nfn=work\n9 1500\n";
/// let file = callgrind::read(text).unwrap();
/// assert!(file.is_time);
/// assert_eq!(file.profile.totals().own, Seconds::Float(0.002));
/// ```
///
/// # Errors
/// Why the bytes are no callgrind file; see [`Error::hint`].
pub fn read(bytes: &[u8]) -> Result<Callgrind, Error> {
    let mut reader = Reader::default();
    let mut lines = (1..).zip(bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii));
    while let Some((line, text)) = lines.next() {
        let found = |expected| Error::Line {
            line,
            expected,
            found: shorten(text),
        };
        match reader.take(text, line).map_err(|wrong| wrong.at(line, &found))? {
            Next::Any => {}
            Next::CostOfCalls(callee, count) => {
                let expected = "the cost of the calls in the line above";
                let Some((line, text)) = lines.find(|(_, text)| !is_skipped(text)) else {
                    return Err(Error::Truncated {
                        line: line + 1,
                        expected,
                    });
                };
                let cost = reader.cost(text).map_err(|_| Error::Line {
                    line,
                    expected,
                    found: shorten(text),
                })?;
                reader
                    .add_call(callee, count, cost.1)
                    .ok_or(Error::Overflow { line })?;
            }
            Next::Jump => {
                // The line after a jump says only from where.
                lines.next();
            }
        }
    }
    if reader.functions.is_empty() {
        return Err(Error::NoFunctions);
    }
    reader.finish()
}

/// The file of functions whose file is not known, as cProfile writes it.
const NO_FILE: &[u8] = b"~";

/// What the next line must be.
enum Next {
    Any,
    CostOfCalls(usize, u64),
    Jump,
}

/// What is wrong with a line.
enum Wrong {
    Expected(&'static str),
    Overflow,
    TooLarge,
}

impl Wrong {
    fn at(self, line: usize, found: &dyn Fn(&'static str) -> Error) -> Error {
        match self {
            Wrong::Expected(expected) => found(expected),
            Wrong::Overflow => Error::Overflow { line },
            Wrong::TooLarge => Error::Profile(profile::Error::TooLarge),
        }
    }
}

/// A function while the file is read.
struct Function {
    file: StrId,
    name: StrId,
    own: u64,
    /// The smallest line of its own costs, and the smallest at which it is called; 0 for none.
    line: u64,
    called_at: u64,
}

/// Numbers of names: `(3) name` first, `(3)` later.
type Names = FxHashMap<u64, StrId>;

#[derive(Default)]
struct Reader {
    event: String,
    /// How many numbers stand before the costs of a line; which of these is the line.
    positions: usize,
    line_at: Option<usize>,
    last_positions: Vec<u64>,
    /// Names once each: a number of few bytes may stand for a long one.
    strings: Strings,
    objects: Names,
    files: Names,
    names: Names,
    object: Option<StrId>,
    /// The file of the function, which `fi` and `fe` do not change.
    file: Option<StrId>,
    /// Do costs belong to the function's own file?
    in_own_file: bool,
    called_object: Option<StrId>,
    called_file: Option<StrId>,
    called: Option<StrId>,
    current: Option<usize>,
    functions: Vec<Function>,
    by_name: FxHashMap<(StrId, StrId), usize>,
    /// From caller and callee to calls and cost.
    edges: FxHashMap<(usize, usize), (u64, u64)>,
    total: u64,
}

fn is_skipped(text: &[u8]) -> bool {
    text.is_empty() || text.starts_with(b"#")
}

impl Reader {
    fn take(&mut self, text: &[u8], line: usize) -> Result<Next, Wrong> {
        let text = match line {
            1 => text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text),
            _ => text,
        };
        if is_skipped(text) {
            return Ok(Next::Any);
        }
        if matches!(text[0], b'0'..=b'9' | b'+' | b'-' | b'*') {
            return self.own_cost(text);
        }
        let end = text.iter().position(|byte| matches!(byte, b'=' | b':'));
        let end = end.ok_or(Wrong::Expected("`key: value`, `key=value` or a line of costs"))?;
        let (key, value) = (text[..end].trim_ascii_end(), text[end + 1..].trim_ascii());
        if text[end] == b':' {
            return self.header(key, value);
        }
        self.specification(key, value)
    }

    fn header(&mut self, key: &[u8], value: &[u8]) -> Result<Next, Wrong> {
        let mut words = value
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        match key {
            b"events" => {
                let event = words.next().ok_or(Wrong::Expected("the name of an event"))?;
                let event = String::from_utf8_lossy(event).into_owned();
                if !self.event.is_empty() && self.event != event {
                    return Err(Wrong::Expected("the same first event as before"));
                }
                self.event = event;
            }
            b"positions" => {
                let names: Vec<&[u8]> = words.collect();
                if names.is_empty() || names.len() > 8 {
                    return Err(Wrong::Expected("one to eight kinds of positions"));
                }
                self.positions = names.len();
                self.line_at = names.iter().position(|&name| name == b"line");
                self.last_positions = vec![0; names.len()];
            }
            // `event: name : text` explains an event; the rest is for people.
            _ => {}
        }
        Ok(Next::Any)
    }

    fn specification(&mut self, key: &[u8], value: &[u8]) -> Result<Next, Wrong> {
        match key {
            b"ob" => self.object = Some(name(&mut self.strings, &mut self.objects, value)?),
            b"fl" => {
                self.file = Some(name(&mut self.strings, &mut self.files, value)?);
                self.in_own_file = true;
            }
            b"fi" | b"fe" => {
                let file = name(&mut self.strings, &mut self.files, value)?;
                self.in_own_file = Some(file) == self.file;
            }
            b"fn" => {
                let name = name(&mut self.strings, &mut self.names, value)?;
                let file = self.place(self.file, self.object)?;
                self.current = Some(self.function(file, name));
                self.in_own_file = true;
            }
            b"cob" => self.called_object = Some(name(&mut self.strings, &mut self.objects, value)?),
            b"cfi" | b"cfl" => self.called_file = Some(name(&mut self.strings, &mut self.files, value)?),
            b"cfn" => self.called = Some(name(&mut self.strings, &mut self.names, value)?),
            b"calls" => return self.calls(value),
            b"jump" | b"jcnd" => return Ok(Next::Jump),
            _ => {}
        }
        Ok(Next::Any)
    }

    fn calls(&mut self, value: &[u8]) -> Result<Next, Wrong> {
        if self.current.is_none() {
            return Err(Wrong::Expected("`fn=` before the first call"));
        }
        let name = self
            .called
            .take()
            .ok_or(Wrong::Expected("`cfn=` before each `calls=`"))?;
        let object = self.called_object.take();
        let file = self.called_file.take();
        let file = self.place(file.or(self.file), object.or(self.object))?;
        let mut words = value
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let count = words.next().and_then(number);
        let count = count.ok_or(Wrong::Expected("the number of calls behind `calls=`"))?;
        let line = words.nth(self.line_at.unwrap_or(0));
        // A target does not count as the last position, but may be relative to it.
        let line = line
            .and_then(|word| self.position(self.line_at.unwrap_or(0), word))
            .unwrap_or(0);
        let callee = self.function(file, name);
        smaller(&mut self.functions[callee].called_at, line);
        Ok(Next::CostOfCalls(callee, count))
    }

    /// The file of a function, or its object where the file is not known.
    fn place(&mut self, file: Option<StrId>, object: Option<StrId>) -> Result<StrId, Wrong> {
        let unknown = |&text: &StrId| matches!(self.strings.get(text), b"" | b"???" | NO_FILE);
        match file
            .filter(|file| !unknown(file))
            .or(object.filter(|object| !unknown(object)))
        {
            Some(known) => Ok(known),
            None => self.strings.intern(NO_FILE).ok_or(Wrong::TooLarge),
        }
    }

    fn function(&mut self, file: StrId, name: StrId) -> usize {
        let functions = &mut self.functions;
        *self.by_name.entry((file, name)).or_insert_with(|| {
            functions.push(Function {
                file,
                name,
                own: 0,
                line: 0,
                called_at: 0,
            });
            functions.len() - 1
        })
    }

    fn position(&self, at: usize, word: &[u8]) -> Option<u64> {
        let last = self.last_positions.get(at).copied().unwrap_or(0);
        match word {
            [b'*'] => Some(last),
            [b'+', rest @ ..] => last.checked_add(number(rest)?),
            [b'-', rest @ ..] => last.checked_sub(number(rest)?),
            _ => number(word),
        }
    }

    /// The line and the cost of a line of costs; costs that are left out are 0.
    fn cost(&mut self, text: &[u8]) -> Result<(u64, u64), Wrong> {
        if self.event.is_empty() {
            return Err(Wrong::Expected("`events:` before the first cost"));
        }
        if self.positions == 0 {
            self.header(b"positions", b"line")?;
        }
        let mut words = text
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        for at in 0..self.positions {
            let word = words.next().ok_or(Wrong::Expected("a position and a cost"))?;
            let position = self.position(at, word);
            self.last_positions[at] =
                position.ok_or(Wrong::Expected("a position: a number, `+n`, `-n` or `*`"))?;
        }
        let cost = match words.next() {
            Some(word) => number(word).ok_or(Wrong::Expected("a whole number as the cost"))?,
            None => 0,
        };
        let line = self.line_at.map_or(0, |at| self.last_positions[at]);
        Ok((line, cost))
    }

    fn own_cost(&mut self, text: &[u8]) -> Result<Next, Wrong> {
        let (line, cost) = self.cost(text)?;
        let current = self
            .current
            .ok_or(Wrong::Expected("`fn=` before the first cost"))?;
        self.total = self.total.checked_add(cost).ok_or(Wrong::Overflow)?;
        let function = &mut self.functions[current];
        function.own += cost;
        if self.in_own_file {
            smaller(&mut function.line, line);
        }
        Ok(Next::Any)
    }

    fn add_call(&mut self, callee: usize, count: u64, cost: u64) -> Option<()> {
        let caller = self.current?;
        let edge = self.edges.entry((callee, caller)).or_default();
        edge.0 = edge.0.checked_add(count)?;
        edge.1 = edge.1.checked_add(cost)?;
        Some(())
    }

    fn finish(self) -> Result<Callgrind, Error> {
        let (is_time, per_unit) = unit(&self.event);
        let seconds = |cost: u64| Seconds::Float(cost as f64 / per_unit);
        let mut profile = Profile::new(Dialect::Python3);
        let keys: Vec<KeyId> = self
            .functions
            .iter()
            .map(|function| {
                let line = match function.called_at {
                    0 => function.line,
                    line => line,
                };
                let name = self.strings.get(function.name);
                match self.strings.get(function.file) {
                    NO_FILE => profile.key(NO_FILE, 0, name),
                    file => profile.key(file, i64::try_from(line).unwrap_or(0), name),
                }
            })
            .collect::<Result<_, _>>()?;

        let mut edges: Vec<((usize, usize), (u64, u64))> = self.edges.into_iter().collect();
        edges.sort_unstable();
        // Of each function: what its calls to others cost, and sums over its callers.
        let mut below = vec![0u64; keys.len()];
        for &((callee, caller), (_, cost)) in &edges {
            if callee != caller {
                below[caller] = below[caller].saturating_add(cost);
            }
        }
        let mut rest = edges.as_slice();
        for (at, function) in self.functions.iter().enumerate() {
            let (callers, others) = rest.split_at(rest.partition_point(|edge| edge.0.0 == at));
            rest = others;
            let count = |edge: &&((usize, usize), (u64, u64))| Count::from(edge.1.0);
            let calls: Count = callers.iter().map(|edge| count(&edge)).sum();
            let by_itself: Count = callers
                .iter()
                .filter(|edge| edge.0.1 == at)
                .map(|edge| count(&edge))
                .sum();
            let cost_of_calls: f64 = callers.iter().map(|edge| edge.1.1 as f64).sum();
            let share = |(count, cost): (u64, u64)| {
                let (part, whole) = if by_itself > 0 {
                    (count as f64, calls as f64)
                } else {
                    (cost as f64, cost_of_calls)
                };
                if whole > 0.0 {
                    function.own as f64 * (part / whole)
                } else {
                    0.0
                }
            };
            let start = profile.edge_count();
            for &((_, caller), (count, cost)) in callers {
                let primitive = if caller == at { 0 } else { Count::from(count) };
                let own = share((count, cost)).min(cost as f64) / per_unit;
                let calls = Calls {
                    primitive,
                    total: Count::from(count),
                    own: Seconds::Float(own),
                    cumulative: seconds(cost),
                };
                profile.push_edge(keys[caller], EdgeCalls::Timed(calls))?;
            }
            let range = profile.edges_since(start);
            let cumulative = function.own.saturating_add(below[at]).min(self.total);
            let calls = Calls {
                primitive: (calls - by_itself).max(1),
                total: calls.max(1),
                own: seconds(function.own),
                cumulative: seconds(cumulative),
            };
            profile.insert(keys[at], calls, range);
        }
        profile.sum_up()?;
        Ok(Callgrind {
            profile,
            event: self.event,
            is_time,
        })
    }
}

/// Is an event of this name a time, and how many units of it are a second?
fn unit(event: &str) -> (bool, f64) {
    let name = event.to_lowercase();
    let inner = name
        .strip_prefix("time_(")
        .and_then(|rest| rest.strip_suffix(')'));
    match inner.unwrap_or(&name) {
        "ns" | "nsec" | "nanosecond" | "nanoseconds" => (true, 1e9),
        "10ns" => (true, 1e8),
        "us" | "usec" | "\u{b5}s" | "\u{3bc}s" | "microsecond" | "microseconds" => (true, 1e6),
        "ms" | "msec" | "millisecond" | "milliseconds" => (true, 1e3),
        "s" | "sec" | "second" | "seconds" => (true, 1.0),
        _ => (false, 1e9),
    }
}

fn smaller(smallest: &mut u64, line: u64) {
    if line > 0 && (*smallest == 0 || line < *smallest) {
        *smallest = line;
    }
}

/// A name, which may be given a number or be the number of an earlier one.
fn name(strings: &mut Strings, names: &mut Names, value: &[u8]) -> Result<StrId, Wrong> {
    let close = value.iter().position(|&byte| byte == b')');
    let number = match (value, close) {
        ([b'(', ..], Some(close)) => number(&value[1..close]).map(|number| (number, close)),
        _ => None,
    };
    let Some((number, close)) = number else {
        return strings.intern(value).ok_or(Wrong::TooLarge);
    };
    match value[close + 1..].trim_ascii() {
        b"" => names
            .get(&number)
            .copied()
            .ok_or(Wrong::Expected("a number that was given a name before")),
        text => {
            let name = strings.intern(text).ok_or(Wrong::TooLarge)?;
            names.insert(number, name);
            Ok(name)
        }
    }
}

fn number(word: &[u8]) -> Option<u64> {
    if !word.first()?.is_ascii_digit() {
        return None;
    }
    let word = std::str::from_utf8(word).ok()?;
    match word.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        _ => word.parse().ok(),
    }
}

/// The beginning of what was found, in backquotes.
fn shorten(found: &[u8]) -> String {
    const LONGEST: usize = 40;
    match found.get(..LONGEST) {
        Some(begin) if found.len() > LONGEST => format!("`{}`...", text::shown(begin)),
        _ => format!("`{}`", text::shown(found)),
    }
}

#[cfg(test)]
mod tests;
