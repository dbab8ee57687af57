//! What the terminal shows.

use super::{Browser, Edge, Pane, Sort};
use crate::profile::FunctionId;
use crate::profile::stacks::Unit;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Table, TableState};

const KEYS: &str = " Up/Down move  Tab callers, callees  Enter go there  Backspace back  / search  s sort  r reverse  q quit";

impl Browser<'_> {
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let [head, top, bottom, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(3),
            Constraint::Fill(2),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(bottom);
        frame.render_widget(self.head(), head);
        self.draw_functions(frame, top);
        let (callers, callees) = (self.callers(), self.callees());
        self.draw_edges(frame, left, Pane::Callers, &callers);
        self.draw_edges(frame, right, Pane::Callees, &callees);
        frame.render_widget(self.foot(), foot);
    }

    fn head(&self) -> Line<'_> {
        let totals = self.profile.totals();
        let time = match self.unit {
            Unit::Nanoseconds => format!("{:.3} seconds", totals.own.as_f64()),
            Unit::Samples => format!("{} samples", totals.own.as_f64()),
        };
        let calls = match self.unit {
            Unit::Nanoseconds => format!("  {} calls", totals.calls),
            Unit::Samples => String::new(),
        };
        let functions = match (self.order.len(), self.profile.len()) {
            (some, all) if some == all => format!("{all} functions"),
            (some, all) => format!("{some} of {all} functions"),
        };
        Line::from(vec![
            Span::from(format!(" {}", self.title)).bold(),
            format!("  {time}{calls}  {functions}").into(),
        ])
    }

    fn foot(&self) -> Line<'_> {
        if self.is_typing {
            return Line::from(vec![" search: ".bold(), format!("{}_", self.search).into()]);
        }
        if self.search.is_empty() {
            return Line::from(KEYS).dim();
        }
        Line::from(vec![
            " search: ".bold(),
            self.search.as_str().into(),
            "  Esc clears it".dim(),
        ])
    }

    fn draw_functions(&mut self, frame: &mut Frame<'_>, area: Rect) {
        // Borders and the head.
        self.page = usize::from(area.height.saturating_sub(3)).max(1);
        let from = first_shown(self.chosen, self.page, self.order.len());
        let shown: Vec<FunctionId> = self.order.iter().skip(from).take(self.page).copied().collect();
        let rows = shown.iter().map(|&function| self.row(function));
        let mark = |sort: Sort, text: &str| {
            let arrow = if self.is_reversed { "\u{25b4}" } else { "\u{25be}" };
            let text = if self.sort == sort {
                format!("{text}{arrow}")
            } else {
                text.to_owned()
            };
            if sort == Sort::Name {
                Line::from(text)
            } else {
                Line::from(text).right_aligned()
            }
        };
        let percent = || Line::from("%").right_aligned();
        let (own, cumulative) = match self.unit {
            Unit::Nanoseconds => ("own s", "cumulative s"),
            Unit::Samples => ("own", "cumulative"),
        };
        let head = Row::new([
            mark(Sort::Calls, "calls"),
            mark(Sort::Own, own),
            percent(),
            mark(Sort::Cumulative, cumulative),
            percent(),
            mark(Sort::Name, "function"),
        ]);
        let widths = [17, 10, 6, 14, 6].map(Constraint::Length).into_iter();
        let table = Table::new(rows, widths.chain([Constraint::Fill(1)]))
            .header(head.style(Modifier::BOLD))
            .row_highlight_style(self.highlight(Pane::Functions))
            .block(self.block(Pane::Functions, " Functions ".into()));
        let mut state = TableState::new().with_selected((!shown.is_empty()).then(|| self.chosen - from));
        frame.render_stateful_widget(table, area, &mut state);
        if shown.is_empty() {
            let inner = area.inner(ratatui::layout::Margin::new(2, 2));
            frame.render_widget(Paragraph::new("no function matches"), inner);
        }
    }

    fn row(&self, function: FunctionId) -> Row<'_> {
        let calls = self.profile.calls(function);
        let total = self.profile.totals().own.as_f64();
        let count = if calls.total == calls.primitive || self.unit == Unit::Samples {
            calls.total.to_string()
        } else {
            format!("{}/{}", calls.total, calls.primitive)
        };
        let percent = |seconds: f64| {
            if total > 0.0 {
                format!("{:.1}", seconds / total * 100.0)
            } else {
                String::new()
            }
        };
        let (own, cumulative) = (calls.own.as_f64(), calls.cumulative.as_f64());
        let right = |text: String| Line::from(text).right_aligned();
        Row::new([
            right(count),
            right(self.amount(own)),
            right(percent(own)),
            right(self.amount(cumulative)),
            right(percent(cumulative)),
            Line::from(self.names[self.profile.key_of(function).index()].as_str()),
        ])
    }

    fn amount(&self, seconds: f64) -> String {
        match self.unit {
            Unit::Nanoseconds => format!("{seconds:.3}"),
            Unit::Samples => format!("{seconds:.0}"),
        }
    }

    fn draw_edges(&self, frame: &mut Frame<'_>, area: Rect, pane: Pane, edges: &[Edge]) {
        let (word, chosen) = match pane {
            Pane::Callees => ("Calls", self.chosen_callee),
            _ => ("Called by", self.chosen_caller),
        };
        let room = usize::from(area.height.saturating_sub(2)).max(1);
        let from = first_shown(chosen, room, edges.len());
        let rows = edges.iter().skip(from).take(room).map(|edge| {
            let right = |text: String| Line::from(text).right_aligned();
            let calls = match self.unit {
                Unit::Nanoseconds => edge.calls.to_string(),
                Unit::Samples => String::new(),
            };
            let name = Line::from(self.names[edge.key.index()].as_str());
            Row::new([
                right(self.amount(edge.nanoseconds as f64 * 1e-9)),
                right(calls),
                name,
            ])
        });
        let name = self
            .function()
            .map_or("", |function| &self.names[self.profile.key_of(function).index()]);
        let widths = [
            Constraint::Length(10),
            Constraint::Length(10),
            Constraint::Fill(1),
        ];
        let table = Table::new(rows, widths)
            .row_highlight_style(self.highlight(pane))
            .block(self.block(pane, format!(" {word} {}: {name} ", edges.len())));
        let selected = (self.pane == pane && !edges.is_empty()).then(|| chosen - from);
        frame.render_stateful_widget(table, area, &mut TableState::new().with_selected(selected));
    }

    fn block(&self, pane: Pane, title: String) -> Block<'static> {
        let style = if self.pane == pane {
            Style::new().bold()
        } else {
            Style::new().dim()
        };
        Block::bordered().title(title).border_style(style)
    }

    fn highlight(&self, pane: Pane) -> Style {
        if self.pane == pane {
            Style::new().reversed()
        } else {
            Style::new().underlined()
        }
    }
}

/// The first row that is shown so that the chosen one is in the middle where it can be.
fn first_shown(chosen: usize, room: usize, count: usize) -> usize {
    chosen.saturating_sub(room / 2).min(count.saturating_sub(room))
}
