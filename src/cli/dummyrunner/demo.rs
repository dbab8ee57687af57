//! `prof dummyrunner demo`: the built-in game server.

use super::super::input::system_text;
use super::super::output::Output;
use super::super::{Code, Failure};
use crate::dummyrunner::demo::{Counts, Options, Server, Stall};
use crate::dummyrunner::scenario::duration;
use nix::sys::signal::{SigSet, Signal};
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::time::Duration;

/// Serve a small game on this machine, to try dummies on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof dummyrunner demo --serve-only --port 4000
  telnet 127.0.0.1 4000
  prof dummyrunner demo --serve-only --stall 1s/5s --commands-per-second 80

The game listens on 127.0.0.1 only and keeps nothing on disk. It knows the commands of Evennia that
dummies send, also dummyrunner_echo_response, and speaks telnet with GMCP (Core.Echo, Core.Ping), GA
or EOR after each message, TIMING-MARK, TTYPE, NAWS, CHARSET, MSSP and MCCP2.

Memory stays as it is in a long run: a player has at most 20 rooms and 20 objects, of which the
oldest goes for a new one, and all of them when the player leaves; of 100,000 accounts the oldest
unused goes. A client that does not read what it is sent has its input wait, and is dropped when
256 KiB wait for it.")]
pub(super) struct Args {
    /// Only serve, until Ctrl-C or --duration
    #[arg(long)]
    serve_only: bool,

    /// Where to listen on 127.0.0.1; 0 takes any free port
    #[arg(long, value_name = "PORT", default_value_t = 4000)]
    port: u16,

    /// End after this time
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    duration: Option<Duration>,

    /// Delay each answer of the game, such as 50ms
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "0")]
    lag: Duration,

    /// Freeze the whole server for a while in each period, such as 1s/5s
    #[arg(long, value_name = "TIME/PERIOD", value_parser = parse_stall)]
    stall: Option<Stall>,

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
}

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
        Options {
            address: (Ipv4Addr::LOCALHOST, self.port).into(),
            lag: self.lag,
            stall: self.stall,
            max_players: self.max_players,
            connections_per_second: self.connections_per_second,
            commands_per_second: self.commands_per_second,
            login_throttle: self.login_throttle,
            compression: self.mccp,
        }
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let server = Server::bind(args.options()).map_err(|error| {
        let message = format!(
            "cannot listen on {}: {}",
            error.address,
            system_text(&error.source)
        );
        let hint = "choose another port with --port, or let the system choose with --port 0";
        Failure::usage(message).hint(Some(hint))
    })?;
    let address = server.address();
    let (ip, port) = (address.ip(), address.port());
    writeln!(
        output.raw(),
        "The demo game listens on {address}. To play: telnet {ip} {port}"
    )?;
    writeln!(output.raw(), "Ctrl-C ends it.")?;
    output.flush()?;
    let counts = serve(server, args.duration)?;
    print_counts(&counts, output)?;
    Ok(Code::Done)
}

/// Serves until SIGINT, SIGTERM or the end of the time. A second signal ends the program at once.
fn serve(server: Server, time: Option<Duration>) -> Result<Counts, Failure> {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    let failed = |error: nix::Error| Failure::usage(format!("cannot wait for signals: {error}"));
    // Before any thread is started, so that it holds in all of them.
    signals.thread_block().map_err(failed)?;
    let stop = server.stop_handle();
    let (interrupted, interrupt) = mpsc::channel();
    std::thread::spawn(move || {
        // An error would be as good a reason to stop as a signal.
        let _ = signals.wait();
        let _ = signals.thread_unblock();
        let _ = interrupted.send(());
        stop.stop();
        // This thread takes the next signal, which then does what it does by default.
        std::thread::sleep(Duration::from_secs(3600));
    });
    if let Some(time) = time {
        let stop = server.stop_handle();
        std::thread::spawn(move || {
            let _ = interrupt.recv_timeout(time);
            stop.stop();
        });
    }
    server
        .run()
        .map_err(|error| Failure::usage(format!("the demo game failed: {error}")))
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
