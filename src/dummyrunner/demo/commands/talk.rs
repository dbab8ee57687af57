//! What players say to each other.

use super::{in_room, name_of};
use crate::dummyrunner::demo::game::Game;

pub(super) fn say(game: &mut Game, id: u32, text: &str) {
    if text.is_empty() {
        return game.say(id, "Say what?");
    }
    let (name, room) = (name_of(game, id), game.world.place(id));
    game.say(id, &format!("You say, \"{text}\""));
    game.say_to_room(room, id, &format!("{name} says, \"{text}\""));
}

pub(super) fn pose(game: &mut Game, id: u32, text: &str) {
    if text.is_empty() {
        return game.say(id, "What do you want to do?");
    }
    let (name, room) = (name_of(game, id), game.world.place(id));
    // `:'s eyes shine` is one word with the name.
    let space = if text.starts_with(['\'', ',']) { "" } else { " " };
    let text = format!("{name}{space}{text}");
    game.say(id, &text);
    game.say_to_room(room, id, &text);
}

pub(super) fn whisper(game: &mut Game, id: u32, rest: &str) {
    let (to, text) = rest
        .split_once('=')
        .map_or((rest, ""), |(to, text)| (to.trim(), text.trim()));
    match in_room(game, id, to) {
        Some((other, name)) if !text.is_empty() => {
            let from = name_of(game, id);
            game.say(id, &format!("You whisper to {name}, \"{text}\""));
            game.say(other, &format!("{from} whispers, \"{text}\""));
        }
        Some(_) => game.say(id, "Usage: whisper <name> = <text>"),
        None => game.say(id, &format!("Could not find '{to}'.")),
    }
}

/// `page name = text`, or `tell name text`.
pub(super) fn page(game: &mut Game, id: u32, rest: &str) {
    let split = rest
        .split_once('=')
        .or_else(|| rest.split_once(char::is_whitespace));
    let Some((to, text)) = split
        .map(|(to, text)| (to.trim(), text.trim()))
        .filter(|(_, text)| !text.is_empty())
    else {
        return game.say(id, "Usage: page <name> = <text>");
    };
    match game.accounts.session(to) {
        Some(other) => {
            let (from, name) = (name_of(game, id), name_of(game, other));
            game.say(id, &format!("You paged {name} with: '{text}'."));
            game.say(other, &format!("{from} pages: {text}"));
        }
        None => game.say(id, &format!("Nobody called '{to}' is in the game.")),
    }
}

/// All who hear the channel hear this, who says it too.
pub(super) fn public(game: &mut Game, id: u32, text: &str) {
    if text.is_empty() {
        return game.say(id, "Usage: public <text>");
    }
    let text = format!("[Public] {}: {text}", name_of(game, id));
    let hears = |session: &super::super::session::Session| {
        session.player().is_some_and(|player| player.hears_channel)
    };
    let listeners: Vec<u32> = game
        .sessions
        .iter()
        .filter(|(_, session)| hears(session))
        .map(|(other, _)| other)
        .collect();
    for other in listeners {
        game.say(other, &text);
    }
}

/// `channel` lists, `channel public = text` talks, `channel off` and `on` leave and join.
pub(super) fn channel(game: &mut Game, id: u32, rest: &str) {
    if let Some((_, text)) = rest.split_once('=') {
        return public(game, id, text.trim());
    }
    let wish = match rest.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    let Some(player) = game.sessions.get_mut(id).and_then(|session| session.player_mut()) else {
        return;
    };
    player.hears_channel = wish.unwrap_or(player.hears_channel);
    let state = if player.hears_channel {
        "you hear it"
    } else {
        "you do not hear it"
    };
    game.say(
        id,
        &format!("There is one channel: public ({state}). public <text> talks, channel off leaves it."),
    );
}
