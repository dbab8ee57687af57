//! The welcome screen, and what can be done there. As on Evennia: `create` asks a question, and any answer
//! but no is a yes.

use super::accounts::Candidate;
use super::game::Game;
use super::session::{Player, State};
use super::world::START;
use super::{Now, commands, limits};
use crate::dummyrunner::telnet::{Known, Side};

const SCREEN: &str = "\
==============================================================
 Welcome to the demo game of \x1b[1mprof dummyrunner\x1b[0m.

 If you have an account:   connect <name> <password>
 If you want a new one:    create <name> <password>

 Without the password you are asked for it, and it is not
 shown. Nothing is kept when the server ends.
 help tells more, quit leaves.
==============================================================";

/// Shows the screen. What telnet has to negotiate comes behind it in the same write, because a client that
/// looks only at how a read begins must see text.
pub(super) fn welcome(game: &mut Game, id: u32) {
    game.say(id, SCREEN);
    let compression = game.options.compression;
    let Some(session) = game.sessions.get_mut(id) else {
        return;
    };
    session.state = State::Welcome;
    let mut offers = Vec::new();
    let telnet = &mut session.telnet;
    for option in [Known::TerminalType, Known::WindowSize] {
        telnet.wish(Side::Them, option, true, &mut offers);
    }
    for option in [Known::Charset, Known::EndOfRecord, Known::Mssp, Known::Gmcp] {
        telnet.wish(Side::Us, option, true, &mut offers);
    }
    if compression {
        telnet.wish(Side::Us, Known::Compress2, true, &mut offers);
    }
    session.send(&offers);
    game.list(id);
}

/// A line from someone who is not in the game.
pub(super) fn line(game: &mut Game, id: u32, text: &str, now: Now) {
    let Some(session) = game.sessions.get_mut(id) else {
        return;
    };
    match std::mem::replace(&mut session.state, State::Welcome) {
        State::Password { name } => {
            show_typing(game, id);
            connect(game, id, &name, text, now);
        }
        State::NewPassword { name } => {
            show_typing(game, id);
            create(game, id, &name, text, now);
        }
        State::Confirm(candidate) => confirm(game, id, candidate, text, now),
        state => {
            session.state = state;
            command(game, id, text, now);
        }
    }
}

/// The password was typed unseen, and so was the end of its line.
fn show_typing(game: &mut Game, id: u32) {
    if let Some(session) = game.sessions.get_mut(id) {
        session.out().extend_from_slice(b"\r\n");
        session.hide_typing(false);
    }
}

fn command(game: &mut Game, id: u32, text: &str, now: Now) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (name, password) = name_and_password(rest.trim());
    match word.to_ascii_lowercase().as_str() {
        "" => {}
        "connect" | "conn" | "con" | "co" => match (name, password) {
            ("", _) => game.say(id, "Usage: connect <name> <password>"),
            (name, "") => ask_password(game, id, State::Password { name: name.into() }),
            (name, password) => connect(game, id, name, password, now),
        },
        "create" | "cre" | "cr" => match (name, password) {
            ("", _) => game.say(id, "Usage: create <name> <password>"),
            (name, "") => ask_password(game, id, State::NewPassword { name: name.into() }),
            (name, password) => create(game, id, name, password, now),
        },
        "look" | "l" => game.say(id, SCREEN),
        "help" | "h" | "?" => game.say(
            id,
            "Here you can: connect <name> <password>, create <name> <password>, look, who, help, quit.\n\
             In the game, help lists all commands.",
        ),
        "who" => commands::who(game, id, now),
        "quit" | "qu" | "q" => commands::quit(game, id),
        "idle" => {}
        _ => {
            game.counts.unknown += 1;
            game.say(id, &commands::not_available(text));
        }
    }
}

/// A name in quotes may hold spaces, for other servers' sake; it is refused later.
fn name_and_password(rest: &str) -> (&str, &str) {
    let split = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => rest.split_once(char::is_whitespace),
    };
    let (name, password) = split.unwrap_or((rest, ""));
    (name, password.trim())
}

fn ask_password(game: &mut Game, id: u32, state: State) {
    if let Some(session) = game.sessions.get_mut(id) {
        session.state = state;
        session.hide_typing(true);
        game.ask(id, "Password: ");
    }
}

fn create(game: &mut Game, id: u32, name: &str, password: &str, now: Now) {
    let Some(session) = game.sessions.get_mut(id) else {
        return;
    };
    if game.options.login_throttle && game.new_accounts.is_full(session.address, now) {
        game.counts.limited += 1;
        return game.say(id, &red(limits::TOO_MANY_ACCOUNTS));
    }
    match game.accounts.check(name, password) {
        Err(reason) => game.say(id, &red(reason)),
        Ok(candidate) => {
            session.state = State::Confirm(candidate);
            let question =
                format!("You want to create an account '{name}'.\nIs this what you intended? [Y]/N?");
            // With a line end, as Evennia asks.
            game.say(id, &question);
        }
    }
}

fn confirm(game: &mut Game, id: u32, candidate: Candidate, answer: &str, now: Now) {
    if ["n", "no"].iter().any(|no| answer.eq_ignore_ascii_case(no)) {
        return game.say(id, "No account was made.");
    }
    let name = candidate.name.clone();
    match game.accounts.create(candidate) {
        Err(reason) => game.say(id, &red(reason)),
        Ok(()) => {
            game.counts.accounts += 1;
            if let Some(session) = game.sessions.get(id) {
                game.new_accounts.count(session.address, now);
            }
            game.say(id, &format!("A new account '{name}' was created. Welcome!"));
        }
    }
}

fn connect(game: &mut Game, id: u32, name: &str, password: &str, now: Now) {
    let Some(session) = game.sessions.get(id) else {
        return;
    };
    let address = session.address;
    if game.options.login_throttle && game.failures.is_full(address, now) {
        game.counts.limited += 1;
        return game.say(id, &red(limits::TOO_MANY_FAILURES));
    }
    let Some(name) = game.accounts.find(name, password) else {
        game.counts.wrong_logins += 1;
        game.failures.count(address, now);
        return game.say(id, &red(limits::WRONG_LOGIN));
    };
    if let Some(other) = game.accounts.session(&name) {
        game.say(other, "You have logged in from elsewhere. Disconnecting.");
        game.close(other);
    }
    game.counts.logins += 1;
    game.playing += 1;
    game.accounts.set_session(&name, Some(id));
    let Some(session) = game.sessions.get_mut(id) else {
        return;
    };
    session.state = State::Playing(Player {
        name: name.clone(),
        since: now.running,
        last_command: now.running,
        description: None,
        has_prompt: false,
        hears_channel: true,
    });
    game.world.arrive(id);
    game.say(id, &format!("\nYou become \x1b[1m\x1b[36m{name}\x1b[0m.\n"));
    commands::look_around(game, id);
    game.send_gmcp(id, "Logged.In", "");
    game.notice(START, id, &format!("{name} has entered the game."));
}

fn red(text: &str) -> String {
    format!("\x1b[1m\x1b[31m{text}")
}
