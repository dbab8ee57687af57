//! `prof view --tui`: functions, callers and callees on the whole terminal.

mod draw;

use crate::cli::Failure;
use crate::export::edge_cost;
use crate::profile::callees::Callees;
use crate::profile::labels::unique_suffixes;
use crate::profile::stacks::Unit;
use crate::profile::{Calls, EdgeCalls, FunctionId, KeyId, Profile};
use crate::python::text;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::cmp::Ordering;

/// Shows a profile until the user has enough. `unit` tells whether seconds are samples.
pub(super) fn run(profile: &Profile, title: String, unit: Unit) -> Result<(), Failure> {
    let failure = |error: std::io::Error| {
        let text = crate::system_text::system_text(&error);
        Failure::usage(format!("cannot use the terminal: {text}"))
    };
    let mut browser = Browser::new(profile, title, unit);
    let mut terminal = ratatui::try_init().map_err(failure)?;
    let mut show = || {
        loop {
            terminal.draw(|frame| browser.draw(frame))?;
            if let Event::Key(key) = event::read()?
                && key.kind != KeyEventKind::Release
                && browser.press(key) == Next::Stop
            {
                return Ok(());
            }
        }
    };
    let shown = show();
    ratatui::try_restore().map_err(failure)?;
    shown.map_err(failure)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Go,
    Stop,
}

/// What the functions are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Own,
    Cumulative,
    Calls,
    Name,
}

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    Functions,
    Callers,
    Callees,
}

/// A caller or callee of the chosen function.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    key: KeyId,
    calls: i128,
    /// Nanoseconds or, of samples, billions of them, which is what seconds are.
    nanoseconds: u64,
}

/// Everything that is on the screen.
struct Browser<'a> {
    profile: &'a Profile,
    callees: Callees,
    title: String,
    unit: Unit,
    /// By key.
    names: Vec<String>,
    lower_names: Vec<String>,
    /// What the search left, in order.
    order: Vec<FunctionId>,
    sort: Sort,
    is_reversed: bool,
    search: String,
    is_typing: bool,
    /// Places in `order`, callers and callees.
    chosen: usize,
    chosen_caller: usize,
    chosen_callee: usize,
    pane: Pane,
    /// Functions that were left by a jump.
    back: Vec<FunctionId>,
    /// Rows that fit, as of the last drawing.
    page: usize,
}

impl<'a> Browser<'a> {
    fn new(profile: &'a Profile, title: String, unit: Unit) -> Browser<'a> {
        let names = names(profile);
        let lower_names = names.iter().map(|name| name.to_lowercase()).collect();
        let mut browser = Browser {
            profile,
            callees: Callees::new(profile),
            title,
            unit,
            names,
            lower_names,
            order: Vec::new(),
            sort: Sort::Own,
            is_reversed: false,
            search: String::new(),
            is_typing: false,
            chosen: 0,
            chosen_caller: 0,
            chosen_callee: 0,
            pane: Pane::Functions,
            back: Vec::new(),
            page: 10,
        };
        browser.list();
        browser
    }

    /// The chosen function; `None` if the search leaves none.
    fn function(&self) -> Option<FunctionId> {
        self.order.get(self.chosen).copied()
    }

    /// Makes the list anew, with the chosen function still chosen if it is in it.
    fn list(&mut self) {
        let chosen = self.function();
        let wanted = self.search.to_lowercase();
        self.order = self
            .profile
            .functions()
            .filter(|&function| self.lower_names[self.profile.key_of(function).index()].contains(&wanted))
            .collect();
        let number = |a: f64, b: f64| b.total_cmp(&a);
        let (profile, names, sort) = (self.profile, &self.names, self.sort);
        let compare = |a: &FunctionId, b: &FunctionId| -> Ordering {
            let (of_a, of_b) = (profile.calls(*a), profile.calls(*b));
            let name = |function: FunctionId| &names[profile.key_of(function).index()];
            match sort {
                Sort::Own => number(of_a.own.as_f64(), of_b.own.as_f64()),
                Sort::Cumulative => number(of_a.cumulative.as_f64(), of_b.cumulative.as_f64()),
                Sort::Calls => of_b.total.cmp(&of_a.total),
                Sort::Name => name(*a).cmp(name(*b)),
            }
            .then(a.cmp(b))
        };
        self.order.sort_by(compare);
        if self.is_reversed {
            self.order.reverse();
        }
        let place = chosen.and_then(|chosen| self.order.iter().position(|&function| function == chosen));
        self.choose(place.unwrap_or(0));
    }

    fn choose(&mut self, place: usize) {
        self.chosen = place.min(self.order.len().saturating_sub(1));
        self.chosen_caller = 0;
        self.chosen_callee = 0;
    }

    fn callers(&self) -> Vec<Edge> {
        let Some(function) = self.function() else {
            return Vec::new();
        };
        let calls = self.profile.calls(function);
        let edges = self.profile.callers(function);
        sorted(edges.map(|(caller, edge)| to_edge(caller, edge, calls)).collect())
    }

    fn callees(&self) -> Vec<Edge> {
        let Some(function) = self.function() else {
            return Vec::new();
        };
        let edges = self.callees.of(self.profile.key_of(function));
        let edges = edges.map(|(callee, place)| {
            let (_, edge) = self.profile.edge(place);
            to_edge(self.profile.key_of(callee), edge, self.profile.calls(callee))
        });
        sorted(edges.collect())
    }

    /// Chooses another function, also one that the search left out. Functions that are only callers cannot be chosen.
    fn jump(&mut self, key: KeyId) {
        let Some(function) = self.profile.function_of(key) else {
            return;
        };
        self.back.extend(self.function());
        self.show(function);
    }

    fn show(&mut self, function: FunctionId) {
        if !self.order.contains(&function) {
            self.search.clear();
            self.list();
        }
        let place = self.order.iter().position(|&other| other == function);
        self.choose(place.unwrap_or(0));
        self.pane = Pane::Functions;
    }

    fn press(&mut self, key: KeyEvent) -> Next {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') {
                Next::Stop
            } else {
                Next::Go
            };
        }
        if self.is_typing {
            self.type_key(key.code);
            return Next::Go;
        }
        match key.code {
            KeyCode::Char('q') => return Next::Stop,
            KeyCode::Esc if self.search.is_empty() => return Next::Stop,
            KeyCode::Esc => {
                self.search.clear();
                self.list();
            }
            KeyCode::Char('/') => {
                self.is_typing = true;
                self.pane = Pane::Functions;
            }
            KeyCode::Char('s') => {
                self.sort = match self.sort {
                    Sort::Own => Sort::Cumulative,
                    Sort::Cumulative => Sort::Calls,
                    Sort::Calls => Sort::Name,
                    Sort::Name => Sort::Own,
                };
                self.list();
            }
            KeyCode::Char('r') => {
                self.is_reversed = !self.is_reversed;
                self.list();
            }
            KeyCode::Tab | KeyCode::Right => self.turn([Pane::Callers, Pane::Callees, Pane::Functions]),
            KeyCode::BackTab | KeyCode::Left => self.turn([Pane::Callees, Pane::Functions, Pane::Callers]),
            KeyCode::Enter => {
                let edge = match self.pane {
                    Pane::Functions => None,
                    Pane::Callers => self.callers().get(self.chosen_caller).copied(),
                    Pane::Callees => self.callees().get(self.chosen_callee).copied(),
                };
                if let Some(edge) = edge {
                    self.jump(edge.key);
                }
            }
            KeyCode::Backspace => {
                if let Some(function) = self.back.pop() {
                    self.show(function);
                }
            }
            code => self.walk(code),
        }
        Next::Go
    }

    /// Goes to the pane that follows that of the keys: after functions, callers and callees.
    fn turn(&mut self, next: [Pane; 3]) {
        self.pane = next[match self.pane {
            Pane::Functions => 0,
            Pane::Callers => 1,
            Pane::Callees => 2,
        }];
    }

    fn type_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.search.clear();
            }
            KeyCode::Backspace => {
                self.search.pop();
            }
            KeyCode::Char(c) => self.search.push(c),
            code => return self.walk(code),
        }
        self.list();
    }

    fn walk(&mut self, code: KeyCode) {
        let (at, count) = match self.pane {
            Pane::Functions => (self.chosen, self.order.len()),
            Pane::Callers => (self.chosen_caller, self.callers().len()),
            Pane::Callees => (self.chosen_callee, self.callees().len()),
        };
        let to = match code {
            KeyCode::Down | KeyCode::Char('j') => at + 1,
            KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
            KeyCode::PageDown => at + self.page,
            KeyCode::PageUp => at.saturating_sub(self.page),
            KeyCode::Home => 0,
            KeyCode::End => count,
            _ => return,
        };
        let to = to.min(count.saturating_sub(1));
        match self.pane {
            Pane::Functions => self.choose(to),
            Pane::Callers => self.chosen_caller = to,
            Pane::Callees => self.chosen_callee = to,
        }
    }
}

fn to_edge(key: KeyId, edge: EdgeCalls, callee: Calls) -> Edge {
    let cost = edge_cost(edge, || callee);
    Edge {
        key,
        calls: cost.calls,
        nanoseconds: cost.nanoseconds,
    }
}

/// The longest first; equally long ones stay as they are, which is the order of the file for callers.
fn sorted(mut edges: Vec<Edge>) -> Vec<Edge> {
    edges.sort_by_key(|edge| (std::cmp::Reverse(edge.nanoseconds), edge.key));
    edges
}

/// For each key its name and place, as they may go to a terminal.
fn names(profile: &Profile) -> Vec<String> {
    let keys = || (0..profile.key_count() as u32).map(KeyId);
    let has_file = |key: KeyId| !profile.is_builtin(key) && !profile.file(key).is_empty();
    let files: Vec<&[u8]> = keys()
        .filter(|&key| has_file(key))
        .map(|key| profile.file(key))
        .collect();
    let mut ends = unique_suffixes(&files).into_iter();
    keys()
        .map(|key| {
            let name = text::shown(profile.name(key));
            if !has_file(key) {
                return name;
            }
            let file = text::shown(ends.next().expect("there is one for each file"));
            match profile.line(key) {
                0 => format!("{name} ({file})"),
                line => format!("{name} ({file}:{line})"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
