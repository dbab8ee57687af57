//! Rooms and things that players make.

use super::{Call, fall, go, look_around, name_of, push_list};
use crate::dummyrunner::demo::game::Game;
use std::fmt::Write as _;

/// `dig[/tel] room [= exit[;alias], back[;alias]]`; `;` also parts a room's name from aliases, which are
/// not used.
pub(super) fn dig(game: &mut Game, id: u32, call: &Call<'_>) {
    let (room, exits) = call.rest.split_once('=').unwrap_or((call.rest, ""));
    let room = room.split(';').next().unwrap_or_default().trim();
    if room.is_empty() {
        return game.say(id, "Usage: dig[/tel] <room> [= <exit there>, <exit back>]");
    }
    let here = game.world.place(id);
    let (new, moved) = game.world.dig(id, room);
    let mut text = format!("Created room {room}(#{new}).");
    let mut ways = exits
        .split(',')
        .map(|names| names.split(';').map(str::trim).collect::<Vec<_>>());
    for (from, to, label) in [(here, new, "Exit there"), (new, here, "Exit back")] {
        let names = ways.next().unwrap_or_default();
        if names.first().is_some_and(|name| !name.is_empty()) {
            game.world.add_exit(from, &names, to);
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{label}: {}.", names.join(", "));
        }
    }
    game.say(id, &text);
    tell_fallen(game, id, moved);
    if call.switches.starts_with("tel") {
        go(game, id, new);
    }
}

fn tell_fallen(game: &mut Game, id: u32, moved: Vec<u32>) {
    for other in moved.into_iter().filter(|&other| other != id) {
        fall(game, other);
    }
}

/// `open exit [;alias] = room`
pub(super) fn open(game: &mut Game, id: u32, rest: &str) {
    let Some((names, room)) = rest.split_once('=') else {
        return game.say(id, "Usage: open <exit> = <room>");
    };
    let here = game.world.place(id);
    let names: Vec<&str> = names.split(';').map(str::trim).collect();
    let Some(to) = game.world.find_room(id, room.trim()) else {
        return game.say(id, &format!("Could not find '{}'.", room.trim()));
    };
    if !game.world.owns_room(id, here) {
        return game.say(id, "You can open exits only in rooms that you dug.");
    }
    if names.first().is_none_or(|name| name.is_empty()) {
        return game.say(id, "Usage: open <exit> = <room>");
    }
    game.world.add_exit(here, &names, to);
    game.say(id, &format!("Created exit {} to #{to}.", names.join(", ")));
}

pub(super) fn teleport(game: &mut Game, id: u32, rest: &str) {
    // `teleport me = room` moves oneself, too.
    let room = rest.split_once('=').map_or(rest, |(_, room)| room.trim());
    match game.world.find_room(id, room) {
        Some(to) => {
            let (name, from) = (name_of(game, id), game.world.place(id));
            game.notice(from, id, &format!("{name} vanishes."));
            game.say(id, &format!("Teleported to {room}."));
            go(game, id, to);
        }
        None if room.is_empty() => game.say(id, "Usage: teleport <room>"),
        None => game.say(id, &format!("Could not find '{room}'.")),
    }
}

/// `create name[;alias][:type]`
pub(super) fn create(game: &mut Game, id: u32, rest: &str) {
    let name = rest.split([';', ':']).next().unwrap_or_default().trim();
    if name.is_empty() {
        return game.say(id, "Usage: create <object>");
    }
    game.world.create_object(id, name);
    game.say(id, &format!("You create a new object: {name}."));
}

pub(super) fn destroy(game: &mut Game, id: u32, rest: &str) {
    match owned(game, id, rest) {
        Some(object) => {
            game.world.destroy_object(object);
            game.say(id, &format!("{rest} was destroyed."));
        }
        None => game.say(id, &format!("You have made no '{rest}' that is here.")),
    }
}

/// An object here that this player made.
fn owned(game: &Game, id: u32, name: &str) -> Option<u32> {
    let object = game.world.find_object(id, name)?;
    (game.world.object(object)?.owner == id).then_some(object)
}

/// `desc text` for oneself, `desc what = text` for the room and things.
pub(super) fn describe(game: &mut Game, id: u32, rest: &str) {
    let (what, text) = match rest.split_once('=') {
        Some((what, text)) => (what.trim(), text.trim()),
        None => ("me", rest),
    };
    let here = game.world.place(id);
    match what.to_ascii_lowercase().as_str() {
        "me" | "self" => {
            if let Some(player) = game.sessions.get_mut(id).and_then(|session| session.player_mut()) {
                player.description = Some(text.chars().take(1000).collect::<String>().into());
            }
        }
        "here" if game.world.owns_room(id, here) => game.world.describe_room(here, text),
        "here" => return game.say(id, "You can describe only rooms that you dug."),
        _ => match owned(game, id, what) {
            Some(object) => game.world.describe_object(object, text),
            None => return game.say(id, &format!("You have made no '{what}' that is here.")),
        },
    }
    game.say(id, &format!("The description of {what} is set."));
}

/// `set what/name = value`; without a value the attribute goes.
pub(super) fn set(game: &mut Game, id: u32, rest: &str) {
    let (path, value) = match rest.split_once('=') {
        Some((path, value)) => (path.trim(), Some(value.trim())),
        None => (rest, None),
    };
    let Some((what, name)) = path.split_once('/') else {
        return game.say(id, "Usage: set <object>/<attribute> = <value>");
    };
    let Some(object) = owned(game, id, what.trim()) else {
        return game.say(id, &format!("You have made no '{what}' that is here."));
    };
    let value = value.filter(|value| !value.is_empty());
    game.world.set_attribute(object, name.trim(), value);
    game.say(
        id,
        &match value {
            Some(value) => format!("Set {path} = {value}"),
            None => format!("Took {path} away."),
        },
    );
}

pub(super) fn inventory(game: &mut Game, id: u32) {
    let held = game.world.held(id);
    let mut text = String::from("You carry ");
    let names = held
        .iter()
        .filter_map(|&object| Some(&*game.world.object(object)?.name));
    push_list(&mut text, "", names, held.len());
    text.push_str(if held.is_empty() { "nothing." } else { "." });
    game.say(id, &text);
}

pub(super) fn get(game: &mut Game, id: u32, rest: &str) {
    let here = game
        .world
        .here(id)
        .map(|room| room.things.clone())
        .unwrap_or_default();
    let found = game
        .world
        .find_object(id, rest)
        .filter(|object| here.contains(object));
    match found {
        Some(object) => {
            game.world.hold(object, id);
            game.say(id, &format!("You pick up {rest}."));
        }
        None => game.say(id, &format!("Could not find '{rest}' here.")),
    }
}

pub(super) fn drop(game: &mut Game, id: u32, rest: &str) {
    let found = game
        .world
        .find_object(id, rest)
        .filter(|object| game.world.held(id).contains(object));
    match found {
        Some(object) => {
            game.world.drop_object(object, id);
            game.say(id, &format!("You drop {rest}."));
        }
        None => game.say(id, &format!("You do not carry '{rest}'.")),
    }
}

pub(super) fn examine(game: &mut Game, id: u32, rest: &str) {
    let here = game.world.place(id);
    let text = match rest.to_ascii_lowercase().as_str() {
        "" | "here" => return look_around(game, id),
        "me" | "self" => examined_player(game, id),
        _ => {
            let object = game
                .world
                .find_object(id, rest)
                .and_then(|object| game.world.object(object));
            let exit = game
                .world
                .exit(here, rest)
                .and_then(|to| Some((to, game.world.room(to)?)));
            match (object, exit) {
                (Some(object), _) => {
                    let owner = name_of(game, object.owner);
                    let description = object.description.as_deref().unwrap_or("none");
                    let mut text = format!(
                        "Object: {}\nMade by: {owner}\nDescription: {description}",
                        object.name
                    );
                    for (name, value) in &object.attributes {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "\nAttribute: {name} = {value}");
                    }
                    text
                }
                (None, Some((to, room))) => format!("Exit: {rest}\nLeads to: {}(#{to})", room.name),
                (None, None) => format!("Could not find '{rest}'."),
            }
        }
    };
    game.say(id, &text);
}

fn examined_player(game: &Game, id: u32) -> String {
    let Some(session) = game.sessions.get(id) else {
        return String::new();
    };
    let Some(player) = session.player() else {
        return String::new();
    };
    let place = game.world.place(id);
    let room = game.world.room(place).map_or("nowhere", |room| &room.name);
    format!(
        "Character: {}\nSession: #{id} from {}\nLocation: {room}(#{place})\nCarries: {}\nDescription: {}",
        player.name,
        session.address,
        game.world.held(id).len(),
        player.description.as_deref().unwrap_or("none"),
    )
}
