//! How the lag is spread, where it comes from, and how it grows with the number of dummies.

use super::super::super::metrics::Lags;
use super::super::span::Span;
use super::super::{Report, with_unit};
use super::plot::Frame;
use super::scale::{Scale, Unit};
use super::text::{escaped, table};
use std::fmt::Write as _;

const HEIGHT: f64 = 200.0;

/// All of it but what goes with the number of dummies.
pub(super) fn section(report: &Report<'_>, out: &mut String) {
    let metrics = &report.outcome.metrics;
    let total = metrics.total();
    out.push_str("<section aria-labelledby=\"spread\">\n<h2 id=\"spread\">Where the lag comes from</h2>\n");
    if total.service.is_empty() {
        out.push_str("<p class=\"lead\">No command was answered.</p>\n</section>\n");
        return;
    }
    if let Some(text) = split(report) {
        let _ = writeln!(out, "<p class=\"lead\">{}</p>", escaped(&text));
    }
    let row = |name: &str, what: &str, lags: &Lags| {
        let point = |percent: f64| lags.percentile(percent).map(with_unit).unwrap_or_default();
        let points = [50.0, 90.0, 99.0, 99.9, 100.0].map(point);
        let mut cells = vec![name.to_owned(), what.to_owned(), lags.len().to_string()];
        cells.extend(points);
        (!lags.is_empty()).then_some(cells)
    };
    let rows = [
        row(
            "response",
            "from the intended send to the answer: what players feel",
            &total.response,
        ),
        row(
            "service",
            "from the actual send to the answer: what the server takes",
            &total.service,
        ),
        row(
            "transport",
            "telnet alone: the network and the server's front",
            &metrics.transport,
        ),
        row(
            "to the server",
            "the original's echo command, one way",
            &metrics.lag_in,
        ),
        row(
            "back",
            "the original's echo command, the other way",
            &metrics.lag_out,
        ),
        row(
            "login",
            "from the first command of the login to being in",
            &metrics.logins,
        ),
        row(
            "our own lateness",
            "from the intended to the actual send of free dummies",
            &metrics.harness,
        ),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().flatten().collect();
    let head = [
        "time",
        "what it is",
        "measured",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "longest",
    ];
    out.push_str(&table("All times of the run", &head, 2, &rows));
    let curves = [
        ("response", &total.response),
        ("service", &total.service),
        ("transport", &metrics.transport),
    ];
    ranks(&curves, out);
    out.push_str("</section>\n");
}

/// The middle answer, divided.
fn split(report: &Report<'_>) -> Option<String> {
    let metrics = &report.outcome.metrics;
    let total = metrics.total();
    let service = total.service.percentile(50.0)?;
    let transport = metrics.transport.percentile(50.0)?;
    let share = transport as f64 * 100.0 / service.max(1) as f64;
    let front = "on the network and in the server's telnet front";
    let mut text = if share > 95.0 {
        format!(
            "A usual (p50) answer took {}, nearly all of it {front}",
            with_unit(service)
        )
    } else {
        format!(
            "Of the {} of a usual (p50) answer about {} ({share:.0}%) went by {front}, and {} in the game",
            with_unit(service),
            with_unit(transport),
            with_unit(service.saturating_sub(transport))
        )
    };
    if let Some(response) = total.response.percentile(50.0)
        && response > service
    {
        let _ = write!(
            text,
            "; {} more were waits for earlier answers, or our own lateness",
            with_unit(response - service)
        );
    }
    Some(text + ".")
}

/// A curve by rank: its colour, its name, and rank and lag of each point.
type Ranked<'a> = (usize, &'a str, Vec<(f64, f64)>);

/// The lag that each share of the commands does not exceed, with room for the rare ones.
fn ranks(curves: &[(&str, &Lags)], out: &mut String) {
    let curves: Vec<(usize, &str, &Lags)> = curves
        .iter()
        .enumerate()
        .filter(|(_, (_, lags))| !lags.is_empty())
        .map(|(at, (name, lags))| (at, *name, *lags))
        .collect();
    let most = curves.iter().map(|(_, _, lags)| lags.len()).max().unwrap_or(1);
    // The last point stands for one command; two nines at least, so that a short run has an axis.
    let end = (most as f64).log10().clamp(2.0, 6.0);
    let points = |lags: &Lags| -> Vec<(f64, f64)> {
        let own_end = (lags.len() as f64).log10().clamp(0.3, end);
        let ranks = (0..(own_end / 0.05) as u32).map(|at| f64::from(at) * 0.05);
        let points = ranks.filter_map(|rank| {
            let percent = 100.0 - 100.0 / 10_f64.powf(rank);
            Some((rank, lags.percentile(percent)?.max(1) as f64))
        });
        // At the end stands the longest.
        let last = lags.max().map(|longest| (own_end, longest.max(1) as f64));
        points.chain(last).collect()
    };
    let drawn: Vec<Ranked<'_>> = curves
        .into_iter()
        .map(|(at, name, lags)| (at, name, points(lags)))
        .collect();
    let values = drawn
        .iter()
        .flat_map(|(_, _, points)| points.iter().map(|(_, lag)| *lag));
    let mut ticks = vec![0.0, 2_f64.log10()];
    ticks.extend((1..=end as u32).map(f64::from));
    let frame = Frame {
        x: Scale::between(0.0, end, ticks),
        y: Scale::log(values),
        height: HEIGHT,
    };
    let legend: Vec<(usize, &str)> = drawn.iter().map(|(at, name, _)| (*at, *name)).collect();
    figure(
        "Lag by rank",
        "so many percent of the commands took no longer; to the right the rare, long ones",
        &legend,
        out,
    );
    let told: Vec<String> = drawn
        .iter()
        .filter_map(|(_, name, points)| {
            points
                .last()
                .map(|(_, lag)| format!("{name} up to {}", with_unit(*lag as u64)))
        })
        .collect();
    frame.open("Lag by rank", &told.join(", "), out);
    let percent = |rank: f64| {
        let text = format!("{:.4}", 100.0 - 100.0 / 10_f64.powf(rank));
        format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
    };
    frame.grid(&percent, &|value| Unit::Micros.tick(value), out);
    for (at, _, points) in &drawn {
        let (x, y): (Vec<f64>, Vec<Option<f64>>) = points.iter().map(|(x, y)| (*x, Some(*y))).unzip();
        let _ = writeln!(out, "<path class=\"line c{at}\" d=\"{}\"/>", frame.line(&x, &y));
    }
    out.push_str("</svg>\n</figure>\n");
}

/// The beginning of a figure, which the caller ends.
pub(super) fn figure(title: &str, note: &str, legend: &[(usize, &str)], out: &mut String) {
    let _ = write!(
        out,
        "<figure>\n<figcaption><h3>{}</h3><ul class=\"legend\">",
        escaped(title)
    );
    for (at, name) in legend {
        let _ = write!(
            out,
            "<li><span class=\"swatch c{at}\"></span>{}</li>",
            escaped(name)
        );
    }
    let _ = writeln!(out, "</ul><p class=\"note\">{}</p></figcaption>", escaped(note));
}

/// Lag against the number of dummies, where that number stood still at two heights or more.
pub(super) fn over_dummies(stages: &[Span], out: &mut String) {
    let mut holds: Vec<&Span> = stages
        .iter()
        .filter(|stage| !stage.is_ramp() && stage.dummies > 0 && !stage.lag.is_empty())
        .collect();
    holds.sort_by_key(|stage| stage.dummies);
    let heights = holds
        .windows(2)
        .filter(|pair| pair[0].dummies != pair[1].dummies)
        .count();
    if heights == 0 {
        return;
    }
    let percents = [("p50", 50.0), ("p95", 95.0), ("p99", 99.0)];
    let point = |stage: &Span, percent: f64| stage.lag.percentile(percent).unwrap_or(1).max(1) as f64;
    let values = holds
        .iter()
        .flat_map(|stage| percents.map(|(_, percent)| point(stage, percent)));
    let numbers = || holds.iter().map(|stage| f64::from(stage.dummies));
    let frame = Frame {
        x: Scale::around(0.0, numbers().fold(0.0, f64::max)),
        y: Scale::log(values),
        height: HEIGHT,
    };
    let legend: Vec<(usize, &str)> = percents
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (at, *name))
        .collect();
    figure(
        "Lag by number of dummies",
        "of the stages in which the number stood still",
        &legend,
        out,
    );
    frame.open(
        "Lag by number of dummies",
        "The table above has the same numbers",
        out,
    );
    frame.grid(
        &|value| Unit::Count.tick(value),
        &|value| Unit::Micros.tick(value),
        out,
    );
    for (at, (_, percent)) in percents.iter().enumerate() {
        let x: Vec<f64> = numbers().collect();
        let y: Vec<Option<f64>> = holds.iter().map(|stage| Some(point(stage, *percent))).collect();
        let _ = writeln!(out, "<path class=\"line c{at}\" d=\"{}\"/>", frame.line(&x, &y));
        for (x, y) in x.iter().zip(y.iter().flatten()) {
            let _ = writeln!(
                out,
                "<circle class=\"dot c{at}\" r=\"4.5\" cx=\"{:.1}\" cy=\"{:.1}\"/>",
                frame.at_x(*x),
                frame.at_y(*y)
            );
        }
    }
    out.push_str("</svg>\n</figure>\n");
}
