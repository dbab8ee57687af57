//! A scenario as TOML, such that reading it gives the same scenario.

use super::condition::Condition;
use super::template::Template;
use super::{Action, Late, Method, Model, Pattern, Scenario, Size, Step, Think, duration};
use std::fmt::Write as _;

/// The scenario as a file that a person can start from.
#[must_use]
pub fn print(scenario: &Scenario) -> String {
    let mut out = String::new();
    run(scenario, &mut out);
    lag(scenario, &mut out);
    login(scenario, &mut out);
    let initial = scenario
        .variables
        .iter()
        .filter(|variable| !variable.initial.is_empty());
    let mut initial = initial.peekable();
    if initial.peek().is_some() {
        out.push_str("\n[vars]\n");
        for variable in initial {
            line(
                &mut out,
                &variable.name,
                &list(variable.initial.iter().map(AsRef::as_ref)),
            );
        }
    }
    for feed in &scenario.feeds {
        out.push_str("\n[[feed]]\n");
        line(&mut out, "name", &quoted(&feed.name));
        line(&mut out, "file", &quoted(&feed.file));
    }
    for at in &scenario.actions {
        action(scenario, at, &mut out);
    }
    profiles(scenario, &mut out);
    for stage in &scenario.stages {
        out.push_str("\n[[stage]]\n");
        line(&mut out, "dummies", &stage.dummies.to_string());
        line(&mut out, "over", &quoted(&duration::show(stage.over)));
        line(&mut out, "hold", &quoted(&duration::show(stage.hold)));
    }
    thresholds(
        &scenario.thresholds,
        scenario.abort_after.map(duration::show),
        &mut out,
    );
    out
}

fn run(scenario: &Scenario, out: &mut String) {
    let run = &scenario.run;
    out.push_str("[run]\n");
    if let Some(target) = &run.target {
        line(out, "target", &quoted(target));
    }
    match &run.model {
        Model::Tick => line(out, "model", "\"tick\""),
        Model::Closed => line(out, "model", "\"closed\""),
        Model::Think(think) => {
            line(out, "model", "\"think\"");
            line(out, "think", &think_text(think));
        }
        Model::Rate { rate, poisson } => {
            line(out, "model", "\"rate\"");
            line(out, "rate", &number(*rate));
            line(
                out,
                "arrivals",
                if *poisson { "\"poisson\"" } else { "\"constant\"" },
            );
        }
    }
    let late = match run.late {
        Late::Queue => "queue",
        Late::Skip => "skip",
        Late::Send => "send",
    };
    line(out, "late", &quoted(late));
    line(out, "timestep", &quoted(&duration::show(run.timestep)));
    line(out, "chance_of_action", &number(run.chance_of_action));
    line(out, "chance_of_login", &number(run.chance_of_login));
    line(out, "logins_at_once", &run.logins_at_once.to_string());
    if let Some(seed) = run.seed {
        line(out, "seed", &seed.to_string());
    }
    if let Some(time) = run.duration {
        line(out, "duration", &quoted(&duration::show(time)));
    }
    if let Some(profile) = &run.profile {
        line(out, "profile", &quoted(profile));
    }
    if !run.welcome {
        line(out, "welcome", "false");
    }
}

fn lag(scenario: &Scenario, out: &mut String) {
    let lag = &scenario.lag;
    out.push_str("\n[lag]\n");
    line(out, "method", &quoted(lag.method.name()));
    if let Some(probe) = &lag.probe {
        line(out, "probe", &quoted(probe.source()));
    }
    if let Some(share) = lag.probe_share {
        line(out, "probe_share", &number(share));
    }
    if lag.method == Method::Quiet || lag.quiet != std::time::Duration::from_millis(200) {
        line(out, "quiet", &quoted(&duration::show(lag.quiet)));
    }
    line(out, "timeout", &quoted(&duration::show(lag.timeout)));
}

fn login(scenario: &Scenario, out: &mut String) {
    out.push_str("\n[login]\n");
    line(out, "name", &quoted(scenario.name.source()));
    if let Some(password) = &scenario.password {
        line(out, "password", &quoted(password.source()));
    }
    if !scenario.strict_login {
        line(out, "strict", "false");
    }
    steps(&scenario.login, out);
    if !scenario.logout.is_empty() {
        out.push_str("\n[logout]\n");
        steps(&scenario.logout, out);
    }
}

fn steps(steps: &[Step], out: &mut String) {
    if steps.is_empty() {
        return;
    }
    out.push_str("commands = [\n");
    for step in steps {
        let send = quoted(step.send.source());
        if step.expect.is_none() && step.fail.is_none() && !step.once {
            let _ = writeln!(out, "    {send},");
            continue;
        }
        let _ = write!(out, "    {{ send = {send}");
        for (key, pattern) in [("expect", &step.expect), ("fail", &step.fail)] {
            if let Some(pattern) = pattern {
                let _ = write!(out, ", {key} = {}", quoted(pattern.source()));
            }
        }
        out.push_str(if step.once { ", once = true },\n" } else { " },\n" });
    }
    out.push_str("]\n");
}

fn action(scenario: &Scenario, action: &Action, out: &mut String) {
    let variable = |at: usize| {
        scenario
            .variables
            .get(at)
            .map_or("", |variable| variable.name.as_str())
    };
    out.push_str("\n[[action]]\n");
    line(out, "name", &quoted(&action.name));
    line(out, "weight", &number(action.weight));
    let mut alternatives = action.alternatives.iter();
    line(
        out,
        "commands",
        &commands(alternatives.next().map_or(&[], Vec::as_slice)),
    );
    let others: Vec<String> = alternatives.map(|templates| commands(templates)).collect();
    if !others.is_empty() {
        line(out, "otherwise", &format!("[{}]", others.join(", ")));
    }
    let pattern = |key: &str, pattern: &Option<Pattern>, out: &mut String| {
        if let Some(pattern) = pattern {
            line(out, key, &quoted(pattern.source()));
        }
    };
    pattern("expect", &action.expect, out);
    pattern("fail", &action.fail, out);
    if let Some(timeout) = action.timeout {
        line(out, "timeout", &quoted(&duration::show(timeout)));
    }
    if !action.answer {
        line(out, "answer", "false");
    }
    if !action.save.is_empty() {
        let saved = action.save.iter();
        let saved: Vec<String> = saved
            .map(|(at, pattern)| format!("{} = {}", variable(*at), quoted(pattern.source())))
            .collect();
        line(out, "save", &format!("{{ {} }}", saved.join(", ")));
    }
    if !action.remember.is_empty() {
        let mut lists: Vec<(usize, Vec<&str>)> = Vec::new();
        for (at, template) in &action.remember {
            match lists.iter_mut().find(|(known, _)| known == at) {
                Some((_, texts)) => texts.push(template.source()),
                None => lists.push((*at, vec![template.source()])),
            }
        }
        let lists: Vec<String> = lists
            .into_iter()
            .map(|(at, texts)| format!("{} = {}", variable(at), list(texts.into_iter())))
            .collect();
        line(out, "remember", &format!("{{ {} }}", lists.join(", ")));
    }
    if let Some(at) = action.when {
        line(out, "when", &quoted(variable(at)));
    }
    if let Some(think) = &action.think {
        line(out, "think", &think_text(think));
    }
}

fn profiles(scenario: &Scenario, out: &mut String) {
    for profile in &scenario.profiles {
        let _ = writeln!(out, "\n[profile.{}]", key(&profile.name));
        for (at, weight) in &profile.weights {
            let name = scenario
                .actions
                .get(*at)
                .map_or("", |action| action.name.as_str());
            line(out, &key(name), &number(*weight));
        }
    }
    for pool in &scenario.pools {
        out.push_str("\n[[pool]]\n");
        let name = scenario
            .profiles
            .get(pool.profile)
            .map_or("", |profile| profile.name.as_str());
        line(out, "profile", &quoted(name));
        match pool.size {
            Size::Share(share) => line(out, "share", &number(share)),
            Size::Count(count) => line(out, "count", &count.to_string()),
        }
    }
}

fn thresholds(thresholds: &[Condition], abort_after: Option<String>, out: &mut String) {
    if thresholds.is_empty() && abort_after.is_none() {
        return;
    }
    out.push_str("\n[threshold]\n");
    for condition in thresholds {
        line(
            out,
            &quoted(&condition.metric_text()),
            &quoted(&condition.limit_text()),
        );
    }
    if let Some(time) = abort_after {
        line(out, "abort_after", &quoted(&time));
    }
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

fn commands(templates: &[Template]) -> String {
    list(templates.iter().map(Template::source))
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", "))
}

fn think_text(think: &Think) -> String {
    let time = |time: &std::time::Duration| quoted(&duration::show(*time));
    match think {
        Think::Constant(constant) => time(constant),
        Think::Uniform(low, high) => format!("{{ uniform = [{}, {}] }}", time(low), time(high)),
        Think::Exponential(mean) => format!("{{ exponential = {} }}", time(mean)),
        Think::Lognormal(median, deviation) => {
            format!("{{ lognormal = [{}, {}] }}", time(median), number(*deviation))
        }
        Think::Recorded(times) => {
            format!(
                "{{ recorded = [{}] }}",
                times.iter().map(time).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// A float that TOML reads as the same float.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn key(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { name.into() } else { quoted(name) }
}

/// A TOML text: literal where it has backslashes only, so that patterns stay readable.
fn quoted(text: &str) -> String {
    if text.contains('\\') && !text.contains('\'') && !text.contains(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
