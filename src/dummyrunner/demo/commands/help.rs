//! What `help` tells.

use super::LISTED;
use crate::dummyrunner::demo::game::Game;
use crate::dummyrunner::demo::world::{MOST_ATTRIBUTES, MOST_OBJECTS, MOST_ROOMS};

/// Names of a command or a subject, and what is told of it.
const TOPICS: &[(&str, &str)] = &[
    (
        "look l",
        "look [something]: shows the room, or an object, an exit or someone in it.",
    ),
    (
        "say ' \"",
        "say <text>, or '<text>: everyone in the room hears it.",
    ),
    (
        "pose emote : ;",
        "pose <text>, or :<text>: your name and the text, for everyone in the room.",
    ),
    (
        "whisper",
        "whisper <name> = <text>: only they hear it; they must be in the room.",
    ),
    (
        "page tell",
        "page <name> = <text>, or tell <name> <text>: to someone anywhere in the game.",
    ),
    (
        "public pub channel",
        "public <text>: everyone in the game hears it. channel off leaves the channel, channel on joins it.",
    ),
    ("who", "who: lists who is in the game."),
    ("inventory inv i", "inventory: lists what you carry."),
    ("get drop", "get <object>, drop <object>."),
    (
        "dig",
        "dig[/tel] <room> [= <exit there>, <exit back>]: makes a room; with /tel you go there. An exit is the name of a command: type it to go.",
    ),
    (
        "open",
        "open <exit> = <room>: makes an exit in a room that you dug.",
    ),
    (
        "teleport tel home",
        "teleport <room>: goes to a room by its name or number. home goes to the first.",
    ),
    (
        "create destroy",
        "create <object>, destroy <object>: things that you carry.",
    ),
    (
        "desc",
        "desc <text> describes you, desc here = <text> the room, desc <object> = <text> a thing.",
    ),
    ("set", "set <object>/<attribute> = <value>."),
    ("examine ex", "examine [something]: what the game knows of it."),
    ("time", "time: how long the game runs, and how busy it was."),
    (
        "prompt",
        "prompt on, prompt off: a prompt after each command, for people.",
    ),
    ("echo", "echo <text>: just comes back."),
    (
        "dummyrunner_echo_response",
        "dummyrunner_echo_response <time>: comes back with the server's clock.",
    ),
    ("idle", "idle: does nothing and says nothing."),
    (
        "quit",
        "quit: leaves the game. Your rooms and objects go with you; the account stays until the server ends.",
    ),
];

pub(super) fn help(game: &mut Game, id: u32, topic: &str) {
    let topic = topic.to_ascii_lowercase();
    let text = match topic.as_str() {
        "" => {
            let names: Vec<&str> = TOPICS
                .iter()
                .filter_map(|(names, _)| names.split(' ').next())
                .collect();
            format!(
                "Commands: {}.\nNames of exits are commands, too. help <command> tells more, help limits what is kept.",
                names.join(", ")
            )
        }
        "limits" => format!(
            "You can have {MOST_ROOMS} rooms and {MOST_OBJECTS} objects with {MOST_ATTRIBUTES} attributes \
             each: a new one takes the place of your oldest, and all go when you leave. So the server's \
             memory stays as it is, however long dummies build. \
             Lists name {LISTED} of many, and in a crowd nobody notices who comes and goes."
        ),
        topic => match TOPICS
            .iter()
            .find(|(names, _)| names.split(' ').any(|name| name == topic))
        {
            Some((_, text)) => (*text).to_owned(),
            None => format!("There is no help for '{topic}'."),
        },
    };
    game.say(id, &text);
}
