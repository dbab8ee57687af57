//! The three reports of pstats, byte for byte.

use super::{Error, Restriction, Selection, Stats};
use crate::profile::callees::Callees;
use crate::profile::{Calls, Count, EdgeCalls, KeyId, Profile};
use crate::python::number::{pad, push_fixed3, push_fixed3_within, push_int};
use crate::python::{Dialect, Seconds, text};
use std::io::Write;

/// How names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Exactly as they are: to a pipe or a file.
    Raw,
    /// With control characters escaped: to a terminal.
    Escaped,
}

/// What a report has to say beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Callers without numbers of their own, whose time column is empty; CPython fails on the first.
    pub callers_without_numbers: usize,
    /// The restrictions left no function, so that nothing but the head was printed.
    pub nothing_left: bool,
}

/// Text is handed on when it has grown to this size.
const CHUNK: usize = 64 * 1024;

impl Stats {
    /// The table of functions, with its head.
    ///
    /// # Errors
    /// A pattern that takes too long, or what `out` says.
    pub fn print_stats(
        &self,
        restrictions: &[Restriction],
        shown: Shown,
        out: &mut dyn Write,
    ) -> Result<Notes, Error> {
        let selection = self.select(restrictions)?;
        let mut page = Page {
            profile: &self.profile,
            shown,
            text: Vec::new(),
        };
        self.push_head(&mut page);
        if !selection.functions.is_empty() {
            page.line(&selection.message);
            page.text.extend_from_slice(b"\n");
            page.text.extend_from_slice(if self.profile.is_sampled() {
                b" nsamples  tottime persample cumtime persample".as_slice()
            } else {
                b"   ncalls  tottime  percall  cumtime  percall".as_slice()
            });
            page.text.extend_from_slice(b" filename:lineno(function)\n");
            for &function in &selection.functions {
                page.row(self.profile.key_of(function), self.profile.calls(function));
                page.write_if_long(out)?;
            }
            page.text.extend_from_slice(b"\n\n");
        }
        out.write_all(&page.text)?;
        Ok(Notes {
            nothing_left: selection.functions.is_empty(),
            ..Notes::default()
        })
    }

    /// Who called each function.
    ///
    /// # Errors
    /// A pattern that takes too long, or what `out` says.
    pub fn print_callers(
        &self,
        restrictions: &[Restriction],
        shown: Shown,
        out: &mut dyn Write,
    ) -> Result<Notes, Error> {
        let selection = self.select(restrictions)?;
        let mut table = self.begin_call_table(&selection, shown, "was called by...");
        let mut edges = Vec::new();
        for &function in &selection.functions {
            edges.clear();
            edges.extend(self.profile.callers(function));
            table.rows(self.profile.key_of(function), b"<-", &mut edges);
            table.page.write_if_long(out)?;
        }
        table.finish(&selection, out)
    }

    /// Whom each function called.
    ///
    /// # Errors
    /// A pattern that takes too long, or what `out` says.
    pub fn print_callees(
        &mut self,
        restrictions: &[Restriction],
        shown: Shown,
        out: &mut dyn Write,
    ) -> Result<Notes, Error> {
        let selection = self.select(restrictions)?;
        self.callees_known |= !selection.functions.is_empty();
        let source = self.callee_source.as_deref().unwrap_or(&self.profile);
        let keys: Vec<KeyId> = self.keys(&selection).collect();
        let callees = Callees::new(source);
        let mut table = self.begin_call_table(&selection, shown, "called...");
        let mut edges = Vec::new();
        for key in keys {
            edges.clear();
            let found = callees.of(key);
            edges.extend(found.map(|(callee, place)| (source.key_of(callee), source.edge(place).1)));
            table.rows(key, b"->", &mut edges);
            table.page.write_if_long(out)?;
        }
        table.finish(&selection, out)
    }

    fn push_head(&self, page: &mut Page<'_>) {
        for file in &self.files {
            page.line(file);
            page.text.push(b'\n');
        }
        if !self.files.is_empty() {
            page.text.push(b'\n');
        }
        for &key in self.profile.top_level() {
            page.text.extend_from_slice(b"         ");
            page.raw_or_escaped(self.profile.name(key));
            page.text.push(b'\n');
        }
        if let Some(left_out) = &self.left_out {
            page.text
                .extend_from_slice(format!("         {left_out}\n").as_bytes());
        }
        let totals = self.profile.totals();
        page.text
            .extend_from_slice(format!("         {} function calls ", totals.calls).as_bytes());
        if totals.calls != totals.primitive {
            page.text
                .extend_from_slice(format!("({} primitive calls) ", totals.primitive).as_bytes());
        }
        page.text.extend_from_slice(b"in ");
        push_fixed3_within(&mut page.text, totals.own.as_f64(), 0);
        page.text.extend_from_slice(b" seconds\n\n");
    }

    fn begin_call_table<'a>(&'a self, selection: &Selection, shown: Shown, title: &str) -> CallTable<'a> {
        let mut page = Page {
            profile: &self.profile,
            shown,
            text: Vec::new(),
        };
        // All functions count where none was left out.
        let longest = if selection.functions.len() < self.profile.len() {
            self.keys(selection).map(|key| page.name_length(key)).max()
        } else {
            let keys = self
                .profile
                .functions()
                .map(|function| self.profile.key_of(function));
            keys.map(|key| page.name_length(key)).max()
        };
        let width = longest.unwrap_or(0) + 2;
        if !selection.functions.is_empty() {
            page.line(&selection.message);
            page.text.push(b'\n');
            page.text.extend_from_slice(b"Function ");
            pad(&mut page.text, width, "Function ".len());
            page.text.extend_from_slice(title.as_bytes());
            page.text.push(b'\n');
            if self.edges_have_times() {
                pad(&mut page.text, width, 0);
                page.text.extend_from_slice(if self.profile.is_sampled() {
                    b"    nsamples  tottime  cumtime\n".as_slice()
                } else {
                    b"    ncalls  tottime  cumtime\n".as_slice()
                });
            }
        }
        CallTable {
            stats: self,
            page,
            width,
            notes: Notes::default(),
        }
    }

    /// Does the first edge of the first function in the table that has any have times?
    fn edges_have_times(&self) -> bool {
        let with_callers = |dict_order: &mut dyn Iterator<Item = _>| {
            dict_order
                .map(|function| self.profile.caller_range(function))
                .find(|range| !range.is_empty())
        };
        let first = match self.profile.dialect() {
            Dialect::Python3 => with_callers(&mut self.profile.functions()),
            Dialect::Python2 => with_callers(&mut self.profile.dict_order().into_iter()),
        };
        first.is_some_and(|range| {
            let place = match self.profile.dialect() {
                Dialect::Python3 => range.start(),
                Dialect::Python2 => self.profile.edge_dict_order(range)[0] as usize,
            };
            matches!(self.profile.edge(place).1, EdgeCalls::Timed(_))
        })
    }
}

/// A report of callers or callees in the making.
struct CallTable<'a> {
    stats: &'a Stats,
    page: Page<'a>,
    width: usize,
    notes: Notes,
}

impl CallTable<'_> {
    /// A function and its callers or callees.
    fn rows(&mut self, key: KeyId, arrow: &[u8], edges: &mut [(KeyId, EdgeCalls)]) {
        let profile = self.page.profile;
        let length = self.page.name_length(key);
        self.page.name(key);
        pad(&mut self.page.text, self.width, length);
        self.page.text.extend_from_slice(arrow);
        if edges.is_empty() {
            // The print statement of Python 2 leaves no space at the end of a line.
            let python2 = profile.dialect() == Dialect::Python2;
            self.page
                .text
                .extend_from_slice(if python2 { b"\n" } else { b" \n" });
            return;
        }
        self.page.text.push(b' ');
        edges.sort_by(|(a, _), (b, _)| profile.compare_keys(*a, *b));
        for (at, &mut (key, calls)) in edges.iter_mut().enumerate() {
            let first = at == 0;
            match calls {
                EdgeCalls::Timed(calls) => {
                    pad(&mut self.page.text, if first { 0 } else { self.width + 1 }, 0);
                    self.page
                        .counts(calls.total, calls.primitive, if first { 7 } else { 9 });
                    self.page.time(calls.own);
                    self.page.time(calls.cumulative);
                    self.page.text.extend_from_slice(b"  ");
                    self.page.name(key);
                }
                EdgeCalls::Counted(count) => {
                    pad(&mut self.page.text, if first { 0 } else { self.width + 3 }, 0);
                    self.page.name(key);
                    self.page.text.extend_from_slice(format!("({count})").as_bytes());
                    match self.stats.profile.function_of(key) {
                        Some(function) => self.page.time(profile.calls(function).cumulative),
                        None => {
                            self.notes.callers_without_numbers += 1;
                            pad(&mut self.page.text, 9, 0);
                        }
                    }
                }
            }
            self.page.text.push(b'\n');
        }
    }

    fn finish(mut self, selection: &Selection, out: &mut dyn Write) -> Result<Notes, Error> {
        if !selection.functions.is_empty() {
            self.page.text.extend_from_slice(b"\n\n");
        }
        out.write_all(&self.page.text)?;
        self.notes.nothing_left = selection.functions.is_empty();
        Ok(self.notes)
    }
}

/// Text in the making.
struct Page<'a> {
    profile: &'a Profile,
    shown: Shown,
    text: Vec<u8>,
}

impl Page<'_> {
    /// Hands on what there is, once it is worth it.
    fn write_if_long(&mut self, out: &mut dyn Write) -> Result<(), Error> {
        if self.text.len() > CHUNK {
            out.write_all(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }

    /// One line of the table of functions.
    fn row(&mut self, key: KeyId, calls: Calls) {
        self.counts(calls.total, calls.primitive, 9);
        self.time(calls.own);
        self.per_call(calls.own, calls.total);
        self.time(calls.cumulative);
        self.per_call(calls.cumulative, calls.primitive);
        self.text.push(b' ');
        self.name(key);
        self.text.push(b'\n');
    }

    /// `total`, or `total/primitive` where they differ, at the right of `width`.
    fn counts(&mut self, total: Count, primitive: Count, width: usize) {
        let start = self.text.len();
        push_int(&mut self.text, total);
        if total != primitive {
            self.text.push(b'/');
            push_int(&mut self.text, primitive);
        }
        let length = self.text.len() - start;
        if length < width {
            pad(&mut self.text, width, length);
            self.text[start..].rotate_right(width - length);
        }
    }

    fn time(&mut self, time: Seconds) {
        self.text.push(b' ');
        push_fixed3(&mut self.text, time.as_f64());
    }

    fn per_call(&mut self, time: Seconds, count: Count) {
        // Python 2 turns the time to a float first.
        let time = match self.profile.dialect() {
            Dialect::Python2 => Seconds::Float(time.as_f64()),
            Dialect::Python3 => time,
        };
        self.text.push(b' ');
        match time.per(count) {
            Some(quotient) => push_fixed3(&mut self.text, quotient),
            None => pad(&mut self.text, 8, 0),
        }
    }

    fn name(&mut self, key: KeyId) {
        match self.shown {
            // Only text that Python escaped needs another form.
            Shown::Raw => {
                let start = self.text.len();
                self.profile.push_standard_name(key, &mut self.text);
                if self.text[start..].contains(&0xed) && self.profile.dialect() == Dialect::Python3 {
                    let name = self.text.split_off(start);
                    text::push_raw(&mut self.text, &name);
                }
            }
            Shown::Escaped => text::push_shown(&mut self.text, &self.profile.standard_name(key)),
        }
    }

    fn name_length(&self, key: KeyId) -> usize {
        match self.shown {
            Shown::Raw => self.profile.standard_name_length(key),
            Shown::Escaped => text::shown(&self.profile.standard_name(key)).chars().count(),
        }
    }

    fn raw_or_escaped(&mut self, part: &[u8]) {
        match (self.shown, self.profile.dialect()) {
            (Shown::Escaped, _) => text::push_shown(&mut self.text, part),
            (Shown::Raw, Dialect::Python3) => text::push_raw(&mut self.text, part),
            (Shown::Raw, Dialect::Python2) => self.text.extend_from_slice(part),
        }
    }

    /// Whole lines, of which the ends stay line ends on a terminal.
    fn line(&mut self, lines: &[u8]) {
        for (at, line) in lines.split(|&byte| byte == b'\n').enumerate() {
            if at > 0 {
                self.text.push(b'\n');
            }
            self.raw_or_escaped(line);
        }
    }
}
