//! Which processes are watched while dummies play.

use super::Args;
use super::game::Found;
use crate::evennia::{Game, Part};
use crate::process::{Meter, Source, listener};
use std::net::SocketAddr;

/// What `--server-pid` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Auto,
    None,
    Pid(u32),
}

pub(super) fn parse(text: &str) -> Result<Choice, String> {
    match text {
        "auto" => Ok(Choice::Auto),
        "none" => Ok(Choice::None),
        pid => {
            let pid = pid.parse().map_err(|_| "neither auto, none, nor a number")?;
            crate::process::Process::find(pid).map_err(|error| format!("no such process: {error}"))?;
            Ok(Choice::Pid(pid))
        }
    }
}

/// Names, and what measures the processes; we ourselves come last.
pub(super) fn watched(args: &Args, target: SocketAddr, game: Option<&Found>) -> Vec<(String, Meter)> {
    let mut sources: Vec<(String, Source)> = Vec::new();
    for choice in &args.server_pid {
        if let Choice::Pid(pid) = choice {
            let name = match sources.len() {
                0 => "server".into(),
                before => format!("server{}", before + 1),
            };
            sources.push((name, Source::Pid(*pid)));
        }
    }
    let finds = args.server_pid.is_empty() || args.server_pid.contains(&Choice::Auto);
    if finds && !args.is_demo {
        sources.extend(servers(target, game.map(|found| &found.game)));
    }
    let own = if args.is_demo { "prof+game" } else { "prof" };
    sources.push((own.into(), Source::Pid(std::process::id())));
    let mut known = Vec::new();
    sources.retain(|(name, _)| {
        let is_new = !known.contains(name);
        known.push(name.clone());
        is_new
    });
    let meters = sources
        .into_iter()
        .map(|(name, source)| (name, Meter::new(source)));
    meters.collect()
}

/// The process whose stacks are to be sampled: the first that is named, else of an Evennia game its Server, else who
/// listens there.
pub(super) fn sampled(args: &Args, target: SocketAddr, game: Option<&Game>) -> Option<Source> {
    let named = args.server_pid.iter().find_map(|choice| match choice {
        Choice::Pid(pid) => Some(Source::Pid(*pid)),
        Choice::Auto | Choice::None => None,
    });
    named.or_else(|| servers(target, game).into_iter().next().map(|(_, source)| source))
}

/// Who serves: the game's processes, or who listens there.
fn servers(target: SocketAddr, game: Option<&Game>) -> Vec<(String, Source)> {
    // The ports of another machine tell nothing of this one's processes.
    let pid = target
        .ip()
        .is_loopback()
        .then(|| listener(target.port()))
        .flatten();
    let found = game.cloned().or_else(|| Game::of_process(pid?));
    match (found, pid) {
        (Some(game), _) => {
            let parts = Part::ALL.map(|part| (part.name().to_owned(), game.source(part)));
            parts.into()
        }
        (None, Some(pid)) => vec![("server".into(), Source::Pid(pid))],
        (None, None) => Vec::new(),
    }
}
