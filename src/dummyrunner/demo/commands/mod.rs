//! What a player can do: one line, one command. Names of commands are Evennia's.

mod build;
mod help;
mod talk;

use super::Now;
use super::game::Game;
use super::session::Player;
use super::world::Room;
use std::fmt::Write as _;

/// Players, objects or exits that a list names; of more it says how many.
const LISTED: usize = 20;

/// What runs a command: its switches (`tel` in `dig/tel`) and what stands behind it.
struct Call<'a> {
    switches: &'a str,
    rest: &'a str,
}

/// Runs a line of a player.
pub(super) fn run(game: &mut Game, id: u32, line: &str, now: Now) {
    let Some(player) = game.sessions.get_mut(id).and_then(|session| session.player_mut()) else {
        return;
    };
    player.last_command = now.running;
    let here = game.world.place(id);
    if let Some(to) = game.world.exit(here, line) {
        return walk(game, id, to, line);
    }
    let line = line.strip_prefix(['@', '+']).unwrap_or(line);
    let (word, rest) = match line.chars().next() {
        None => return,
        Some(mark @ ('\'' | '"' | ':' | ';')) => line.split_at(mark.len_utf8()),
        Some(_) => line.split_once(char::is_whitespace).unwrap_or((line, "")),
    };
    let (word, switches) = word.split_once('/').unwrap_or((word, ""));
    let call = Call {
        switches,
        rest: rest.trim(),
    };
    match word.to_ascii_lowercase().as_str() {
        "look" | "l" | "ls" => look(game, id, call.rest),
        "say" | "'" | "\"" => talk::say(game, id, call.rest),
        "pose" | "emote" | ":" | ";" => talk::pose(game, id, call.rest),
        "whisper" => talk::whisper(game, id, call.rest),
        "page" | "tell" => talk::page(game, id, call.rest),
        "public" | "pub" => talk::public(game, id, call.rest),
        "channel" | "chan" => talk::channel(game, id, call.rest),
        "who" | "doing" => who(game, id, now),
        "inventory" | "inv" | "i" => build::inventory(game, id),
        "get" | "grab" => build::get(game, id, call.rest),
        "drop" => build::drop(game, id, call.rest),
        "dig" => build::dig(game, id, &call),
        "open" => build::open(game, id, call.rest),
        "teleport" | "tel" => build::teleport(game, id, call.rest),
        "home" => go(game, id, super::world::START),
        "create" => build::create(game, id, call.rest),
        "destroy" | "delete" | "del" => build::destroy(game, id, call.rest),
        "desc" | "describe" | "setdesc" => build::describe(game, id, call.rest),
        "set" => build::set(game, id, call.rest),
        "examine" | "ex" | "exam" => build::examine(game, id, call.rest),
        "help" | "h" | "?" => help::help(game, id, call.rest),
        "prompt" => prompt(game, id, call.rest),
        "time" | "uptime" => uptime(game, id, now),
        "py" | "!" => game.say(
            id,
            "Nothing is run here. dummyrunner_echo_response works for everyone.",
        ),
        "dummyrunner_echo_response" => echo(game, id, rest, now),
        "echo" => game.say(id, call.rest),
        "idle" | "" => {}
        "quit" => quit(game, id),
        _ => {
            game.counts.unknown += 1;
            game.say(id, &not_available(line));
        }
    }
}

/// To a line that is no command.
pub(super) fn not_available(line: &str) -> String {
    format!("Command '{line}' is not available. Type \"help\" for help.")
}

pub(super) fn quit(game: &mut Game, id: u32) {
    game.counts.quits += 1;
    game.say(id, "Quitting. Hope to see you again, soon.");
    game.close(id);
}

/// The original's probe: what it got, and the server's clock, so that lag can be split.
fn echo(game: &mut Game, id: u32, rest: &str, now: Now) {
    // What stood behind the word comes back with the space in front of it.
    let space = if rest.is_empty() { "" } else { " " };
    game.say(
        id,
        &format!("dummyrunner_echo_response:{space}{rest},{:.7}", now.unix),
    );
}

fn prompt(game: &mut Game, id: u32, rest: &str) {
    let on = rest.eq_ignore_ascii_case("on");
    if let Some(player) = game.sessions.get_mut(id).and_then(|session| session.player_mut()) {
        player.has_prompt = on;
    }
    game.say(
        id,
        if on {
            "You see a prompt now."
        } else {
            "You see no prompt now."
        },
    );
}

fn uptime(game: &mut Game, id: u32, now: Now) {
    let counts = game.counts();
    let text = format!(
        "Up for {}. {} connections so far, {} commands.",
        ago(now.running.as_secs()),
        counts.connections,
        counts.commands
    );
    game.say(id, &text);
}

fn look(game: &mut Game, id: u32, what: &str) {
    let what = what.strip_prefix("at ").unwrap_or(what).trim();
    match what.to_ascii_lowercase().as_str() {
        "" | "here" => return look_around(game, id),
        "me" | "self" => {
            let name = name_of(game, id);
            return look_at_player(game, id, id, &name);
        }
        _ => {}
    }
    let here = game.world.place(id);
    if let Some(object) = game
        .world
        .find_object(id, what)
        .and_then(|object| game.world.object(object))
    {
        let description = object
            .description
            .as_deref()
            .unwrap_or("You see nothing special.");
        let text = format!("{}\n{description}", title(&object.name));
        game.say(id, &text);
    } else if let Some(room) = game.world.exit(here, what).and_then(|to| game.world.room(to)) {
        let text = format!("{}\nThis way leads to {}.", title(what), room.name);
        game.say(id, &text);
    } else if let Some((other, name)) = in_room(game, id, what) {
        look_at_player(game, id, other, &name);
    } else {
        game.say(id, &format!("Could not find '{what}'."));
    }
}

fn look_at_player(game: &mut Game, id: u32, other: u32, name: &str) {
    let description = game
        .sessions
        .get(other)
        .and_then(|session| session.player()?.description.clone());
    let description = description.as_deref().unwrap_or("This is a character.");
    game.say(id, &format!("{}\n{description}", title(name)));
}

/// Shows the room to someone in it.
pub(super) fn look_around(game: &mut Game, id: u32) {
    let place = game.world.place(id);
    let Some(room) = game.world.room(place) else {
        return;
    };
    let mut text = format!("{}(#{place})\n{}", title(&room.name), room.description);
    push_list(
        &mut text,
        "\nExits: ",
        room.exits.iter().map(|name| &**name),
        room.exits.len(),
    );
    let people = room.people.iter().filter(|&&other| other != id);
    let names = people.filter_map(|&other| Some(&*game.sessions.get(other)?.player()?.name));
    push_list(
        &mut text,
        "\nCharacters: ",
        names,
        room.people.len().saturating_sub(1),
    );
    let things = room
        .things
        .iter()
        .filter_map(|&thing| Some(&*game.world.object(thing)?.name));
    push_list(&mut text, "\nYou see: ", things, room.things.len());
    game.say(id, &text);
}

/// Appends the first names of a list and how many more there are; nothing for an empty list.
fn push_list<'a>(text: &mut String, label: &str, names: impl Iterator<Item = &'a str>, len: usize) {
    for (i, name) in names.take(LISTED).enumerate() {
        text.push_str(if i == 0 { label } else { ", " });
        text.push_str(name);
    }
    if len > LISTED {
        // Writing to a string cannot fail.
        let _ = write!(text, " and {} more", len - LISTED);
    }
}

fn walk(game: &mut Game, id: u32, to: u32, exit: &str) {
    let (name, from) = (name_of(game, id), game.world.place(id));
    game.notice(from, id, &format!("{name} leaves by {exit}."));
    go(game, id, to);
}

/// Brings someone to a room, however they travel.
fn go(game: &mut Game, id: u32, to: u32) {
    game.world.go(id, to);
    let name = name_of(game, id);
    game.notice(to, id, &format!("{name} arrives."));
    look_around(game, id);
}

/// The room that someone was in has ended.
pub(super) fn fall(game: &mut Game, id: u32) {
    game.say(id, "The room fades away, and you are elsewhere.");
    look_around(game, id);
}

pub(super) fn who(game: &mut Game, id: u32, now: Now) {
    let playing = game.sessions.iter().filter_map(|(_, session)| session.player());
    let players: Vec<&Player> = playing.take(2 * LISTED).collect();
    let total = game.playing;
    let mut text = format!("{:<32}{:>12}{:>12}", "Name", "On for", "Idle");
    for player in &players {
        let on = ago(now.running.saturating_sub(player.since).as_secs());
        let idle = ago(now.running.saturating_sub(player.last_command).as_secs());
        let _ = write!(text, "\n{:<32}{on:>12}{idle:>12}", player.name);
    }
    if total > players.len() {
        let _ = write!(text, "\nand {} more", total - players.len());
    }
    let _ = write!(text, "\n{total} in the game, {} connected.", game.len());
    game.say(id, &text);
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        _ => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
    }
}

fn title(name: &str) -> String {
    format!("\x1b[1m\x1b[36m{name}\x1b[0m")
}

fn name_of(game: &Game, id: u32) -> String {
    let player = game.sessions.get(id).and_then(|session| session.player());
    player.map(|player| player.name.to_string()).unwrap_or_default()
}

/// A player in the same room, by name.
fn in_room(game: &Game, id: u32, name: &str) -> Option<(u32, String)> {
    let other = game.accounts.session(name)?;
    let is_here = |room: &Room| room.people.contains(&other);
    game.world
        .here(id)
        .is_some_and(is_here)
        .then(|| (other, name_of(game, other)))
}
