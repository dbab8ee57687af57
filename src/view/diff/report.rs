//! The rows of a comparison: sorted, limited, and the rest summed up.

use super::matching::Pair;
use super::{Delta, Diff, Metric, Normalize, Side, Threshold};
use crate::profile::{Calls, FunctionId, Totals};
use crate::python::Seconds;
use crate::view::LeftOut;
use crate::view::rows::readable;
use std::cmp::Ordering;

/// What functions are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// The largest change of own time first, up or down.
    #[default]
    Own,
    /// The largest change of cumulative time first.
    Cumulative,
    /// The largest change of the number of calls first.
    Calls,
    /// The largest change of own time for each call first; functions that are new or gone come last.
    PerCall,
    /// File, line and name.
    Name,
}

impl Order {
    /// The number whose change counts; own time where the order is by name.
    #[must_use]
    pub fn metric(self) -> Metric {
        match self {
            Order::Own | Order::Name => Metric::Own,
            Order::Cumulative => Metric::Cumulative,
            Order::Calls => Metric::Calls,
            Order::PerCall => Metric::PerCall,
        }
    }

    /// How a report names it.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Order::Own => "change of own time",
            Order::Cumulative => "change of cumulative time",
            Order::Calls => "change of calls",
            Order::PerCall => "change of own time per call",
            Order::Name => "name",
        }
    }
}

/// What a report lists, and in which order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The order.
    pub order: Order,
    /// No more than so many functions.
    pub top: Option<usize>,
    /// Only functions whose number of [`Order::metric`] changed by at least this, up or down.
    pub min_change: Option<Threshold>,
    /// Also functions of which no number changed.
    pub unchanged: bool,
}

/// A function of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its file, `~` for a C function.
    pub file: String,
    /// Its first line, 0 for a C function.
    pub line: i64,
    /// Its name.
    pub name: String,
    /// Its numbers as the profile has them, not scaled.
    pub calls: Calls,
}

/// A function of both sides, or of one.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it was; `None` for a new one.
    pub before: Option<Function>,
    /// As it is; `None` for one that is gone.
    pub after: Option<Function>,
    /// The name that pstats shows: as it is, or if it is gone, as it was.
    pub shown: String,
    /// Own time.
    pub own: Delta,
    /// Cumulative time.
    pub cumulative: Delta,
    /// All calls.
    pub calls: Delta,
    /// Own time for each call; `None` unless both sides have calls.
    pub per_call: Option<Delta>,
    /// Cumulative time for each call that was not made by recursion; `None` unless both sides have such.
    pub cumulative_per_call: Option<Delta>,
}

impl Row {
    /// `new`, `gone`, `changed` or `same`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "new",
            (_, None) => "gone",
            _ if [self.own, self.cumulative, self.calls]
                .iter()
                .any(Delta::is_change) =>
            {
                "changed"
            }
            _ => "same",
        }
    }
}

/// One of the two profiles.
#[derive(Clone, Debug)]
pub struct SideReport {
    /// Its files, as pstats names them.
    pub files: Vec<String>,
    /// Do counts mean samples?
    pub sampled: bool,
    /// Its functions; those whose names differed only in a memory address count once.
    pub functions: usize,
    /// The sums over them.
    pub totals: Totals,
    /// What was left out on request.
    pub left_out: Option<LeftOut>,
}

/// The functions that a report does not list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Others {
    /// How many.
    pub functions: usize,
    /// How many of them changed.
    pub changed: usize,
    /// Their own time; its change and that of all rows add up to the change of the totals.
    pub own: Delta,
    /// Their calls.
    pub calls: Delta,
}

/// Everything that a report shows.
#[derive(Clone, Debug)]
pub struct Report {
    /// BEFORE.
    pub before: SideReport,
    /// AFTER.
    pub after: SideReport,
    /// How BEFORE was scaled.
    pub normalize: Option<Normalize>,
    /// By how much the calls and times of BEFORE are multiplied.
    pub scale: f64,
    /// What the rows are sorted by.
    pub order: Order,
    /// Own time of everything.
    pub own: Delta,
    /// Calls of everything.
    pub calls: Delta,
    /// Functions of both sides.
    pub matched: usize,
    /// Of these, those of which no number changed.
    pub same: usize,
    /// Functions that only AFTER has.
    pub new: usize,
    /// Functions that only BEFORE has.
    pub gone: usize,
    /// In the order of the report.
    pub rows: Vec<Row>,
    /// What is not listed.
    pub others: Others,
}

impl Diff<'_> {
    /// Sorts the functions, ties by name, and lists those that are asked for.
    #[must_use]
    pub fn report(&self, options: &Options) -> Report {
        let metric = options.order.metric();
        let mut listed: Vec<(f64, &Pair)> = Vec::with_capacity(self.pairs.len());
        let mut others = Sum::default();
        let (mut same, mut new, mut gone) = (0, 0, 0);
        for pair in &self.pairs {
            let is_same = self.is_same(pair);
            match (pair.before, pair.after) {
                (None, _) => new += 1,
                (_, None) => gone += 1,
                _ => same += usize::from(is_same),
            }
            let delta = self.delta(pair, metric);
            let is_large = options
                .min_change
                .is_none_or(|least| delta.is_some_and(|delta| least.is_reached(&delta)));
            if is_large && (options.unchanged || !is_same) {
                listed.push((self.weight(options.order, pair, delta), pair));
            } else {
                others.add(self, pair);
            }
        }
        listed.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| self.compare_names(x, y)));
        let top = options.top.unwrap_or(usize::MAX).min(listed.len());
        for (_, pair) in listed.drain(top..) {
            others.add(self, pair);
        }
        let zero = Delta {
            before: Seconds::Int(0),
            after: Seconds::Int(0),
            change: Seconds::Int(0),
        };
        Report {
            before: self.before.report(),
            after: self.after.report(),
            normalize: self.normalize,
            scale: self.scale,
            order: options.order,
            own: self.total_delta(Metric::Own).unwrap_or(zero),
            calls: self.total_delta(Metric::Calls).unwrap_or(zero),
            matched: self.pairs.len() - new - gone,
            same,
            new,
            gone,
            rows: listed.iter().map(|(_, pair)| self.row(pair)).collect(),
            others: Others {
                functions: others.functions,
                changed: others.changed,
                own: others.delta(Metric::Own, self.scale).unwrap_or(zero),
                calls: others.delta(Metric::Calls, self.scale).unwrap_or(zero),
            },
        }
    }

    fn is_same(&self, pair: &Pair) -> bool {
        let is_change = |metric| self.delta(pair, metric).is_some_and(|delta| delta.is_change());
        pair.before.is_some()
            && pair.after.is_some()
            && ![Metric::Own, Metric::Cumulative, Metric::Calls]
                .into_iter()
                .any(is_change)
    }

    /// What is sorted by, the largest first; what has no change comes last.
    fn weight(&self, order: Order, pair: &Pair, delta: Option<Delta>) -> f64 {
        const LAST: f64 = -1.0;
        match order {
            Order::Name => 0.0,
            Order::PerCall if pair.before.is_none() || pair.after.is_none() => LAST,
            _ => {
                let change = delta.map_or(f64::NAN, |delta| delta.change.as_f64().abs());
                if change.is_nan() { LAST } else { change }
            }
        }
    }

    /// Compares by file, line and name, as they are or were.
    fn compare_names(&self, a: &Pair, b: &Pair) -> Ordering {
        let key = |pair: &Pair| {
            let (profile, function) = match (pair.after, pair.before) {
                (Some(function), _) => (&self.after.profile, function),
                (None, Some(function)) => (&self.before.profile, function),
                (None, None) => return None,
            };
            let key = profile.key_of(function);
            Some((
                profile.file(key),
                profile.line(key),
                profile.name(key),
                pair.after.is_none(),
            ))
        };
        key(a).cmp(&key(b))
    }

    fn row(&self, pair: &Pair) -> Row {
        let zero = Delta {
            before: Seconds::Int(0),
            after: Seconds::Int(0),
            change: Seconds::Int(0),
        };
        let delta = |metric| self.delta(pair, metric).unwrap_or(zero);
        let per_call = |metric| {
            let has = |side: &Side<'_>, function| {
                let calls = side.calls(function);
                Delta::new(metric, calls, None, 1.0).is_some()
            };
            let both = has(&self.before, pair.before) && has(&self.after, pair.after);
            self.delta(pair, metric).filter(|_| both)
        };
        let name = self.standard_name(pair);
        Row {
            before: pair.before.map(|function| self.before.function(function)),
            after: pair.after.map(|function| self.after.function(function)),
            shown: name,
            own: delta(Metric::Own),
            cumulative: delta(Metric::Cumulative),
            calls: delta(Metric::Calls),
            per_call: per_call(Metric::PerCall),
            cumulative_per_call: per_call(Metric::CumulativePerCall),
        }
    }

    /// The name that pstats shows: as it is, or if it is gone, as it was.
    pub(super) fn standard_name(&self, pair: &Pair) -> String {
        match (pair.after, pair.before) {
            (Some(function), _) => self.after.standard_name(function),
            (None, Some(function)) => self.before.standard_name(function),
            (None, None) => String::new(),
        }
    }
}

impl Side<'_> {
    fn standard_name(&self, function: FunctionId) -> String {
        let key = self.profile.key_of(function);
        readable(&self.profile, &self.profile.standard_name(key))
    }

    fn function(&self, function: FunctionId) -> Function {
        let key = self.profile.key_of(function);
        Function {
            file: readable(&self.profile, self.profile.file(key)),
            line: self.profile.line(key),
            name: readable(&self.profile, self.profile.name(key)),
            calls: self.profile.calls(function),
        }
    }

    fn report(&self) -> SideReport {
        let files = self.stats.files().iter();
        SideReport {
            files: files
                .map(|file| String::from_utf8_lossy(file).into_owned())
                .collect(),
            sampled: self.profile.is_sampled(),
            functions: self.profile.len(),
            totals: self.profile.totals(),
            left_out: self.stats.left_out().cloned(),
        }
    }
}

/// A sum over functions, of both sides.
#[derive(Default)]
struct Sum {
    functions: usize,
    changed: usize,
    before: Calls,
    after: Calls,
}

impl Sum {
    fn add(&mut self, diff: &Diff<'_>, pair: &Pair) {
        self.functions += 1;
        self.changed += usize::from(!diff.is_same(pair));
        // The totals of the profiles have been added without overflow; cumulative times mean nothing here.
        let plus = |sum: Calls, calls: Option<Calls>| {
            let calls = calls.unwrap_or_default();
            let calls = Calls {
                cumulative: Seconds::Int(0),
                ..calls
            };
            sum.plus(calls).unwrap_or(sum)
        };
        self.before = plus(self.before, diff.before.calls(pair.before));
        self.after = plus(self.after, diff.after.calls(pair.after));
    }

    fn delta(&self, metric: Metric, scale: f64) -> Option<Delta> {
        Delta::new(metric, Some(self.before), Some(self.after), scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use crate::python::{Dialect, Version};
    use crate::view::Stats;

    /// Functions as `(name, calls, own)`; cumulative time is twice the own time.
    fn stats(functions: &[(&str, i128, f64)]) -> Stats {
        let mut profile = Profile::new(Dialect::Python3);
        for (line, &(name, total, own)) in (1..).zip(functions) {
            let key = profile
                .key(b"a.py", line, name.as_bytes())
                .expect("a small profile");
            let calls = Calls {
                primitive: total,
                total,
                own: Seconds::Float(own),
                cumulative: Seconds::Float(2.0 * own),
            };
            profile.insert(key, calls, Default::default());
        }
        profile.sum_up().expect("small numbers");
        Stats::new(profile, b"a.prof".into(), Version::NEWEST)
    }

    const BEFORE: &[(&str, i128, f64)] = &[
        ("same", 1, 1.0),
        ("slower", 2, 1.0),
        ("faster", 4, 2.0),
        ("gone", 1, 0.25),
    ];
    const AFTER: &[(&str, i128, f64)] = &[
        ("fresh", 1, 0.5),
        ("same", 1, 1.0),
        ("slower", 2, 2.0),
        ("faster", 8, 0.5),
    ];

    fn check(normalize: Option<Normalize>, options: Options, expected: &[&str]) {
        let (before, after) = (stats(BEFORE), stats(AFTER));
        let diff = Diff::new(&before, &after, normalize).expect("small numbers");
        let report = diff.report(&options);
        let names: Vec<&str> = report
            .rows
            .iter()
            .map(|row| {
                let function = row.after.as_ref().or(row.before.as_ref());
                function.map_or("", |function| &function.name)
            })
            .collect();
        assert_eq!(names, expected);
        // What is listed and what is not add up to the whole.
        for (whole, rest, of) in [
            (
                report.own,
                report.others.own,
                (|row| row.own) as fn(&Row) -> Delta,
            ),
            (report.calls, report.others.calls, |row| row.calls),
        ] {
            let listed: f64 = report.rows.iter().map(|row| of(row).change.as_f64()).sum();
            let sum = listed + rest.change.as_f64();
            assert!((sum - whole.change.as_f64()).abs() < 1e-12);
        }
        assert_eq!(report.rows.len() + report.others.functions, 5);
        assert_eq!((report.matched, report.new, report.gone), (3, 1, 1));
    }

    #[test]
    fn what_changed_most_comes_first_and_the_rest_is_summed_up() {
        let by = |order| Options {
            order,
            ..Options::default()
        };
        check(None, by(Order::Own), &["faster", "slower", "fresh", "gone"]);
        check(
            None,
            by(Order::Cumulative),
            &["faster", "slower", "fresh", "gone"],
        );
        check(None, by(Order::Calls), &["faster", "fresh", "gone", "slower"]);
        check(None, by(Order::PerCall), &["slower", "faster", "fresh", "gone"]);
        // By line: they stand in the order of the file, and one that is gone where it was.
        check(None, by(Order::Name), &["fresh", "slower", "faster", "gone"]);
        let top = Options {
            top: Some(2),
            ..Options::default()
        };
        check(None, top, &["faster", "slower"]);
        let all = Options {
            unchanged: true,
            ..Options::default()
        };
        check(None, all, &["faster", "slower", "fresh", "gone", "same"]);
        let large = |threshold| Options {
            min_change: Some(threshold),
            ..Options::default()
        };
        check(
            None,
            large(Threshold::Absolute(0.5)),
            &["faster", "slower", "fresh"],
        );
        check(
            None,
            large(Threshold::Percent(80.0)),
            &["slower", "fresh", "gone"],
        );
    }

    #[test]
    fn normalising_scales_before() {
        let all = Options {
            unchanged: true,
            ..Options::default()
        };
        // 8 calls became 12: of the others three changed by half a second. 4.25 seconds became 4.
        check(
            Some(Normalize::Calls),
            all,
            &["faster", "fresh", "same", "slower", "gone"],
        );
        check(
            Some(Normalize::Time),
            all,
            &["faster", "slower", "fresh", "gone", "same"],
        );
        let (empty, after) = (stats(&[]), stats(AFTER));
        let error = Diff::new(&empty, &after, Some(Normalize::Time)).expect_err("nothing to scale");
        assert_eq!(
            error.to_string(),
            "cannot scale BEFORE to AFTER: their totals are 0 and 4"
        );
    }

    #[test]
    fn addresses_are_no_difference() {
        let before = stats(&[
            ("<f at 0x7f3a5c0e1b20>", 1, 1.0),
            ("<f at 0x7f3a5c0e1b30>", 1, 1.0),
        ]);
        let after = stats(&[
            ("<f at 0x55555555aaaa>", 1, 1.0),
            ("<g at 0x55555555bbbb>", 1, 1.0),
        ]);
        let diff = Diff::new(&before, &after, None).expect("small numbers");
        let report = diff.report(&Options::default());
        // Lines differ, so that the two of BEFORE stay two: the first is that of AFTER.
        let rows: Vec<(&str, &str)> = report
            .rows
            .iter()
            .map(|row| (row.status(), &*row.shown))
            .collect();
        assert_eq!(
            rows,
            [("gone", "a.py:2(<f at 0x..>)"), ("new", "a.py:2(<g at 0x..>)")]
        );
        assert_eq!(report.same, 1);
    }

    #[test]
    fn odd_numbers_neither_fail_nor_come_first() {
        let before = stats(&[
            ("nan", 1, f64::NAN),
            ("inf", i128::MAX / 8, f64::INFINITY),
            ("f", -1, 1.0),
        ]);
        let after = stats(&[
            ("nan", 1, 1.0),
            ("inf", i128::MIN / 8, f64::INFINITY),
            ("f", 0, 2.0),
        ]);
        let diff = Diff::new(&before, &after, None).expect("numbers that can be added");
        let report = diff.report(&Options::default());
        assert_eq!(report.rows[0].shown, "a.py:3(f)");
        assert_eq!(report.rows.len(), 3);
    }
}
