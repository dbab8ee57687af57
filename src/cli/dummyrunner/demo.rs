//! `prof dummyrunner demo`: the built-in game server, with dummies on it or alone.

use super::super::output::Output;
use super::super::{Code, Failure, signals};
use crate::system_text::system_text;

use crate::dummyrunner::demo::{Counts, Options, Server, Stall};
use crate::dummyrunner::engine;
use crate::dummyrunner::scenario::duration;
use clap::Parser as _;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Try it: dummies play for 10 s on a small game server that is built in
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof dummyrunner demo
  prof dummyrunner demo 500 --profile normal_player --duration 30s --stall 1s/5s
  prof dummyrunner demo --serve-only --port 4000
  telnet 127.0.0.1 4000
  prof dummyrunner demo --serve-only --stall 1s/5s --commands-per-second 80

The game listens on 127.0.0.1 only and keeps nothing on disk. It knows the commands of Evennia that
dummies send, also dummyrunner_echo_response, and speaks telnet with GMCP (Core.Echo, Core.Ping), GA
or EOR after each message, TIMING-MARK, TTYPE, NAWS, CHARSET, MSSP and MCCP2.

Memory stays bounded in a long run: a player has only a few rooms and objects (`help limits` in the
game tells how many), of which the oldest goes for a new one, and all of them when the player
leaves; of 100,000 accounts the oldest unused goes. A client that does not read what it is sent has
its input wait, and is dropped when 256 KiB wait for it.")]
pub(super) struct Args {
    /// How many dummies play
    #[arg(value_name = "N", default_value_t = 50, conflicts_with = "serve_only")]
    dummies: u32,

    /// What they do, as in `prof dummyrunner`
    #[arg(long, value_name = "NAME", conflicts_with = "serve_only")]
    profile: Option<String>,

    /// Only serve, until Ctrl-C or --duration
    #[arg(long)]
    serve_only: bool,

    /// Where to listen on 127.0.0.1; 0 takes any free port. Without this 4000 with --serve-only, else a free one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// End after this time; without this 10s, but with --serve-only at Ctrl-C
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    duration: Option<Duration>,

    /// Delay each answer of the game, such as 50ms
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "0")]
    lag: Duration,

    /// Freeze the whole server for a while in each period, such as 1s/5s
    #[arg(long, value_name = "TIME/PERIOD", value_parser = parse_stall)]
    stall: Option<Stall>,

    /// Let each command keep the whole server busy for so long, such as 20ms: then it holds a known number of players
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "0")]
    work: Duration,

    /// Tell further connections that the game is full
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    max_players: usize,

    /// Let further connections of a second wait for the welcome screen; Evennia's limit is 2
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    connections_per_second: Option<u32>,

    /// Drop further commands of a connection in a second, with a warning; Evennia's limit is 80
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    commands_per_second: Option<u32>,

    /// Allow an address 2 new accounts in 10 minutes and 5 wrong passwords in 5, as Evennia does
    #[arg(long)]
    login_throttle: bool,

    /// Offer compression (MCCP2); each client that takes it costs some 300 KB
    #[arg(long)]
    mccp: bool,

    /// More options of `prof dummyrunner`, such as -- --seed 1 --json run.json
    #[arg(last = true, value_name = "OPTION", conflicts_with = "serve_only")]
    rest: Vec<OsString>,
}

/// How long dummies play.
const USUAL_TIME: Duration = Duration::from_secs(10);
/// Where games listen.
const USUAL_PORT: u16 = 4000;

fn parse_stall(text: &str) -> Result<Stall, String> {
    let (pause, every) = text
        .split_once('/')
        .ok_or_else(|| format!("`{text}` is no pause in a period such as 1s/5s"))?;
    let stall = Stall {
        pause: duration::parse(pause)?,
        every: duration::parse(every)?,
    };
    match stall.pause < stall.every {
        true => Ok(stall),
        false => Err(format!("in `{text}` the pause is not shorter than the period")),
    }
}

impl Args {
    fn options(&self) -> Options {
        let port = self.port.unwrap_or(if self.serve_only { USUAL_PORT } else { 0 });
        Options {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            lag: self.lag,
            stall: self.stall,
            work: self.work,
            max_players: self.max_players,
            connections_per_second: self.connections_per_second,
            commands_per_second: self.commands_per_second,
            login_throttle: self.login_throttle,
            compression: self.mccp,
        }
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    // The server and the dummies need a descriptor each for a connection. Where this fails, fewer fit.
    let _ = engine::raise_descriptors();
    let server = Server::bind(args.options()).map_err(|error| {
        let message = format!(
            "cannot listen on {}: {}",
            error.address,
            system_text(&error.source)
        );
        let hint = "choose another port with --port, or let the system choose with --port 0";
        Failure::usage(message).hint(Some(hint))
    })?;
    match args.serve_only {
        true => serve(args, server, output),
        false => play(args, server, output),
    }
}

/// Serves until SIGINT, SIGTERM or the end of the time.
fn serve(args: &Args, server: Server, output: &mut Output) -> Result<Code, Failure> {
    let address = server.address();
    let (ip, port) = (address.ip(), address.port());
    // Who reads that it listens may end it at once.
    let stop = server.stop_handle();
    signals::stop_on_signals(move || stop.stop())?;
    let out = output.raw();
    writeln!(
        out,
        "The demo game listens on {address}. To play: telnet {ip} {port}"
    )?;
    writeln!(out, "Ctrl-C ends it.")?;
    output.flush()?;
    if let Some(time) = args.duration {
        let stop = server.stop_handle();
        std::thread::spawn(move || {
            std::thread::sleep(time);
            stop.stop();
        });
    }
    let counts = server.run().map_err(failed)?;
    print_counts(&counts, output)?;
    Ok(Code::Done)
}

/// Lets dummies play on the server, as if the user had started both.
fn play(args: &Args, server: Server, output: &mut Output) -> Result<Code, Failure> {
    // Before the server's thread is there to be hit by a signal for the dummies.
    signals::block()?;
    let (address, stop) = (server.address(), server.stop_handle());
    let serving = std::thread::spawn(move || server.run());
    let result = run_args(args, address).and_then(|run| super::run(&run, output));
    stop.stop();
    let counts = match serving.join() {
        Ok(counts) => counts.map_err(failed)?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    let Counts {
        connections,
        logins,
        commands,
        quits,
        ..
    } = counts;
    output.progress(&format!(
        "The demo game saw {connections} connections, {logins} logins, {commands} commands and {quits} quits"
    ));
    result
}

/// What `prof dummyrunner` is told, with all that the user left out as it is there.
fn run_args(args: &Args, address: SocketAddr) -> Result<super::Args, Failure> {
    #[derive(clap::Parser)]
    #[command(name = "prof dummyrunner", no_binary_name = true)]
    struct Run {
        #[command(flatten)]
        args: super::Args,
    }
    let mut words: Vec<OsString> = vec![
        args.dummies.to_string().into(),
        "--target".into(),
        address.to_string().into(),
    ];
    words.extend([
        "--duration".into(),
        duration::show(args.duration.unwrap_or(USUAL_TIME)).into(),
    ]);
    if let Some(profile) = &args.profile {
        words.extend(["--profile".into(), profile.into()]);
    }
    words.extend(args.rest.iter().cloned());
    let run = Run::try_parse_from(words).map_err(|error| {
        // Its first line says what is wrong; the rest is of a command that the user did not type.
        let text = error.to_string();
        let message = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        Failure::usage(message).hint(Some("after -- come options of `prof dummyrunner`"))
    })?;
    Ok(super::Args {
        is_demo: true,
        ..run.args
    })
}

fn failed(error: io::Error) -> Failure {
    Failure::usage(format!("the demo game failed: {}", system_text(&error)))
}

fn print_counts(counts: &Counts, output: &mut Output) -> Result<(), Failure> {
    let Counts {
        connections,
        peak,
        full,
        slow_readers,
        quits,
        hang_ups,
        commands,
        unknown,
        gmcp,
        accounts,
        logins,
        wrong_logins,
        limited,
        received,
        sent,
    } = counts;
    let out = output.raw();
    writeln!(out)?;
    writeln!(out, "connections  {connections}, at most {peak} at a time")?;
    writeln!(
        out,
        "ended        {quits} by quit, {hang_ups} without, {slow_readers} too slow to read, {full} turned away"
    )?;
    writeln!(
        out,
        "logins       {logins}, {wrong_logins} refused; {accounts} accounts made"
    )?;
    writeln!(
        out,
        "commands     {commands}, {unknown} unknown; {gmcp} messages over GMCP"
    )?;
    writeln!(out, "limits       met {limited} times")?;
    writeln!(out, "bytes        {received} received, {sent} sent")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_a_pause_in_a_period() {
        let stall = |pause, every| Stall {
            pause: Duration::from_millis(pause),
            every: Duration::from_millis(every),
        };
        assert_eq!(parse_stall("1s/5s"), Ok(stall(1000, 5000)));
        assert_eq!(parse_stall("200ms/1m"), Ok(stall(200, 60_000)));
        for text in ["1s", "5s/5s", "x/1s", "1s/", ""] {
            assert!(parse_stall(text).is_err(), "{text}");
        }
    }
}
