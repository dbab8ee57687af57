//! How well rules of comparison keep their word: A against A must seldom be called different, 2% must be found.
//!
//! ```text
//! cargo run --release --example aa_trials -- measure FOLDER [TRIALS [SECONDS [BUSY [PYTHON]]]]
//! cargo run --release --example aa_trials -- replay FOLDER...
//! ```
//!
//! `measure` compares statements with themselves, with so many spinning neighbours, and keeps each trial as saved
//! results; then it does what `replay` does: lets the rule of `prof timeit` and some others judge them, as they are and
//! with one side made 2% slower or faster.

use prof::statistics::{Samples, bootstrap, interval, shift};
use prof::timeit::auto::{self, Settings};
use prof::timeit::compare::{SAME, Verdict, compare, ratios};
use prof::timeit::results::{Kind, Results};
use prof::timeit::saved;
use prof::timeit::session::{Case, Open, Progress, Watch};
use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Setup and statement.
const SNIPPETS: [(&str, &str); 6] = [
    ("a = tuple(range(1000))", "sum(a)"),
    ("", "[i for i in range(100)]"),
    ("d = dict.fromkeys(map(str, range(50)))", "for k in d: d[k] = k"),
    ("s = 'abc,def,ghi' * 20", "'-'.join(s.split(','))"),
    ("", "x = 1"),
    ("class C: pass\nc = C(); c.v = 1", "c.v += 1\nc.v -= 1"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["measure", folder, rest @ ..] => {
            let number = |at: usize, default: f64| rest.get(at).map_or(Ok(default), |word| word.parse());
            let (trials, seconds, busy) = (number(0, 20.0)?, number(1, 3.0)?, number(2, 2.0)?);
            let python = rest.get(3).copied().unwrap_or("python3");
            std::fs::create_dir_all(folder)?;
            let mut neighbours = Neighbours::start(busy as usize)?;
            let measured = measure(Path::new(folder), trials as usize, seconds, python);
            neighbours.end();
            measured?;
            replay(&[folder])
        }
        ["replay", folders @ ..] if !folders.is_empty() => replay(folders),
        _ => Err("aa_trials measure FOLDER [TRIALS [SECONDS [BUSY [PYTHON]]]] | replay FOLDER...".into()),
    }
}

/// Processes that spin.
struct Neighbours(Vec<Child>);

impl Neighbours {
    fn start(count: usize) -> std::io::Result<Neighbours> {
        let start = |_| Command::new("sh").args(["-c", "while :; do :; done"]).spawn();
        (0..count).map(start).collect::<Result<_, _>>().map(Neighbours)
    }

    fn end(&mut self) {
        for child in &mut self.0 {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

struct Patient;

impl Watch for Patient {
    fn progress(&mut self, _progress: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn measure(folder: &Path, trials: usize, seconds: f64, python: &str) -> Result<(), Box<dyn Error>> {
    for trial in 0..trials {
        let (setup, statement) = SNIPPETS[trial % SNIPPETS.len()];
        let case = |name: &str| Case {
            name: name.into(),
            statement: statement.into(),
            setup: setup.into(),
            collect_garbage: false,
            parameters: Vec::new(),
        };
        let mut results = Results {
            cases: vec![case("A"), case("B")],
            reference: Some(auto::python_reference()),
            ..Results::default()
        };
        let settings = Settings {
            max_time: Duration::from_secs_f64(seconds),
            ..Settings::default()
        };
        let python = prof::timeit::python::Python::new(prof::timeit::python::Settings::new(python));
        let mut openers: Vec<Box<dyn Open>> = vec![Box::new(python)];
        let began = Instant::now();
        let clock = || began.elapsed();
        let end = auto::measure(&mut results, &mut openers, &settings, &clock, &mut Patient);
        if let Some(reason) = end.stopped {
            return Err(format!("trial {trial}: {reason:?}").into());
        }
        std::fs::write(folder.join(format!("{trial:04}.json")), saved::write(&results))?;
    }
    Ok(())
}

/// What a rule says of clusters of logarithms: the ends of its interval.
type Rule = fn(&[Vec<f64>]) -> Option<(f64, f64)>;

fn middles(clusters: &[Vec<f64>]) -> Option<Samples> {
    let middle = |cluster: &Vec<f64>| Some(shift::estimate(&Samples::new(cluster.clone())?));
    Samples::new(clusters.iter().filter_map(middle).collect())
}

const RULES: [(&str, Rule); 4] = [
    ("Wilcoxon over processes", |clusters| {
        let found = shift::interval(&middles(clusters)?, interval::LEVEL)?;
        Some((found.low, found.high))
    }),
    ("Student over processes", |clusters| {
        let found = interval::student(&middles(clusters)?, interval::LEVEL)?;
        Some((found.low, found.high))
    }),
    ("Wilcoxon over all pairs", |clusters| {
        let found = shift::interval(&Samples::new(clusters.concat())?, interval::LEVEL)?;
        Some((found.low, found.high))
    }),
    ("bootstrap of the median", |clusters| {
        let found = bootstrap::within(clusters, bootstrap::median)?.interval(interval::LEVEL);
        Some((found.low, found.high))
    }),
];

fn judged(rule: Rule, results: &Results) -> Verdict {
    let same = SAME.ln_1p();
    match rule(&ratios(results, 0, 1)) {
        Some((low, high)) if -same <= low && high <= same => Verdict::Same,
        Some((_, high)) if high < 0.0 => Verdict::Faster,
        Some((low, _)) if low > 0.0 => Verdict::Slower,
        _ => Verdict::CannotTell { more: None },
    }
}

/// The same trial with one side's time so many times as long.
fn scaled(results: &Results, factor: f64) -> Results {
    let mut results = results.clone();
    for taken in results.runs.iter_mut().flat_map(|run| &mut run.taken) {
        if taken.kind == Kind::Timed && taken.sample.row.case == 1 {
            taken.sample.wall = taken.sample.wall.mul_f64(factor);
            taken.sample.cpu = taken.sample.cpu.map(|time| time.mul_f64(factor));
        }
    }
    results
}

#[derive(Default)]
struct Score {
    alarms: usize,
    same: usize,
    found: usize,
    half_widths: Vec<f64>,
}

fn replay(folders: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    for folder in folders {
        let mut paths: Vec<_> = std::fs::read_dir(folder)?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let mut scores: Vec<(&str, Score)> = vec![("prof timeit", Score::default())];
        scores.extend(RULES.iter().map(|(name, _)| (*name, Score::default())));
        let (mut processes, mut seconds) = (Vec::new(), Vec::new());
        for path in &paths {
            let results =
                saved::read(&std::fs::read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
            processes.push(results.runs.len() as f64);
            seconds.push(results.elapsed.as_secs_f64());
            let variants = [
                results.clone(),
                scaled(&results, 1.02),
                scaled(&results, 1.0 / 1.02),
            ];
            for (at, (_, score)) in scores.iter_mut().enumerate() {
                let verdicts = variants.each_ref().map(|results| match at.checked_sub(1) {
                    Some(rule) => judged(RULES[rule].1, results),
                    None => compare(results)
                        .first()
                        .map_or(Verdict::CannotTell { more: None }, |one| one.verdict),
                });
                score.alarms += usize::from(matches!(verdicts[0], Verdict::Faster | Verdict::Slower));
                score.same += usize::from(verdicts[0] == Verdict::Same);
                score.found += usize::from(verdicts[1] == Verdict::Slower);
                score.found += usize::from(verdicts[2] == Verdict::Faster);
                let ends = match at.checked_sub(1) {
                    Some(rule) => RULES[rule].1(&ratios(&results, 0, 1)),
                    None => compare(&results)
                        .first()
                        .and_then(|one| one.interval)
                        .map(|found| (found.low.ln(), found.high.ln())),
                };
                score
                    .half_widths
                    .extend(ends.map(|(low, high)| (high - low) / 2.0));
            }
        }
        let trials = paths.len();
        let middle = |values: Vec<f64>| Samples::new(values).map_or(f64::NAN, |values| values.median());
        writeln!(
            out,
            "{folder}: {trials} trials, {:.0} processes and {:.2} s each (medians)",
            middle(processes),
            middle(seconds)
        )?;
        writeln!(
            out,
            "  {:24} {:>16} {:>12} {:>14} {:>10}",
            "rule", "called different", "called same", "2% found", "half width"
        )?;
        for (name, score) in scores {
            writeln!(
                out,
                "  {name:24} {:>16} {:>12} {:>14} {:>9.2}%",
                format!("{} of {trials}", score.alarms),
                score.same,
                format!("{} of {}", score.found, 2 * trials),
                middle(score.half_widths) * 100.0
            )?;
        }
    }
    Ok(())
}
