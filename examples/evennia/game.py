#!/usr/bin/env python3
"""An Evennia game to try things on: made from nothing on free ports of this machine, and thrown away again.

    game.py up FOLDER [--venv DIR] [--python EXE] [--evennia VERSION] [--no-mixin] [--port N]
    game.py counts FOLDER      what the game's own log and database say of dummies, as JSON
    game.py down FOLDER        stops the game

`up` makes FOLDER/venv with Evennia unless --venv names one, a game in FOLDER/mygame with its database, and starts
it. Run again on the same folder it starts the same game. Then, in FOLDER/mygame:

    prof dummyrunner 10

Everything listens on 127.0.0.1 only. The superuser is `admin`, with the password `only-for-tests-1`. The game's
limits are off (settings_mixin), so never put it on a network.
"""
import argparse
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

PASSWORD = "only-for-tests-1"
MIXIN = "from evennia.server.profiling.settings_mixin import *"
# A busy machine needs minutes for what takes seconds on an idle one.
PATIENCE = 180


def fail(message):
    sys.exit("game.py: " + message)


def run(words, folder, environment, log):
    """Runs a command to its end; what it prints goes to a file, as its daemons hold its output open for ever."""
    with open(log, "ab") as out:
        done = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    text = Path(log).read_text(errors="replace")
    if done.returncode:
        fail("%s ended with %s:\n%s" % (" ".join(map(str, words)), done.returncode, text[-3000:]))
    return text


def make_venv(options, folder):
    venv = Path(options.venv).resolve() if options.venv else folder / "venv"
    if not (venv / "bin" / "evennia").exists():
        run([options.python, "-m", "venv", str(venv)], folder, None, folder / "venv.log")
        # Evennia 5 needs distutils, which newer Pythons have only with setuptools.
        packages = ["evennia==" + options.evennia, "setuptools<81"]
        run([str(venv / "bin" / "pip"), "install", "-q", *packages], folder, None, folder / "venv.log")
    return venv


def surroundings(venv):
    environment = dict(os.environ)
    # The launcher looks for `twistd` on the path.
    environment["PATH"] = "%s/bin:%s" % (venv, environment.get("PATH", ""))
    environment["VIRTUAL_ENV"] = str(venv)
    environment.pop("PYTHONPATH", None)
    environment.update(
        EVENNIA_SUPERUSER_USERNAME="admin",
        EVENNIA_SUPERUSER_EMAIL="admin@example.com",
        EVENNIA_SUPERUSER_PASSWORD=PASSWORD,
    )
    return environment


def free_ports(count):
    """Ports that nobody has now, all held until all are known."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def write_settings(game, options):
    path = game / "server" / "conf" / "settings.py"
    mark = "# --- for tests ---"
    text = path.read_text().split(mark)[0]
    known = re.search(r"^TELNET_PORTS = \[(\d+)\]", path.read_text(), re.M)
    web, inner, websocket, amp, telnet = free_ports(5)
    # A game that was up before keeps its port.
    telnet = options.port or (int(known.group(1)) if known else telnet)
    lines = [
        mark,
        "TELNET_PORTS = [%d]" % telnet,
        'TELNET_INTERFACES = ["127.0.0.1"]',
        "WEBSERVER_PORTS = [(%d, %d)]" % (web, inner),
        'WEBSERVER_INTERFACES = ["127.0.0.1"]',
        "WEBSOCKET_CLIENT_PORT = %d" % websocket,
        'WEBSOCKET_CLIENT_INTERFACE = "127.0.0.1"',
        "AMP_PORT = %d" % amp,
        'AMP_HOST = AMP_INTERFACE = "127.0.0.1"',
    ]
    if options.dummyrunner:
        lines.append("DUMMYRUNNER_SETTINGS_MODULE = %r" % options.dummyrunner)
    if not options.no_mixin:
        lines.append(MIXIN)
    path.write_text(text + "\n".join(lines) + "\n")
    return telnet


def pids(game):
    found = {}
    for part in ("server", "portal"):
        try:
            found[part] = int((game / "server" / (part + ".pid")).read_text())
        except (OSError, ValueError):
            pass
    return found


def alive(pid):
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    fail("no %s within %d s" % (what, seconds))


def greets(port):
    """Does the login screen come? The Portal alone accepts connections, but has nothing to say."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.settimeout(5)
            seen = b""
            while b"create <username>" not in seen:
                got = connection.recv(4096)
                if not got:
                    return False
                seen += got
            return True
    except OSError:
        return False


def up(options):
    folder = Path(options.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    venv = make_venv(options, folder)
    (folder / "venv.path").write_text(str(venv))
    environment = surroundings(venv)
    evennia = str(venv / "bin" / "evennia")
    game = folder / "mygame"
    if not (game / "server" / "conf" / "settings.py").exists():
        run([evennia, "--init", game.name], folder, environment, folder / "init.log")
    elif any(map(alive, pids(game).values())):
        fail("the game in %s runs already" % game)
    port = write_settings(game, options)
    is_new = not (game / "server" / "evennia.db3").exists()
    run([evennia, "migrate"], game, environment, folder / "migrate.log")
    log = game / "server" / "logs" / "server.log"
    before = log.stat().st_size if log.exists() else 0
    for attempt in range(5):
        start = folder / ("start%d.log" % attempt)
        start.unlink(missing_ok=True)
        # On a slow machine the launcher gives up on the Portal, says so, and calls that a success.
        if "timed out" not in run([evennia, "start"], game, environment, start):
            break
        time.sleep(3)

    def settled():
        with open(log, "rb") as file:
            file.seek(before)
            return b"in 'reset' mode" in file.read()

    if is_new:
        # The first start makes the first room and the superuser, and then starts the Server once more.
        wait("end of the first start", lambda: log.exists() and settled())
    wait("login screen on port %d" % port, lambda: greets(port))
    print(json.dumps({"game": str(game), "port": port, "python": str(venv / "bin" / "python"), **pids(game)}))


def counts(options):
    game = Path(options.folder).resolve() / "mygame"
    log = (game / "server" / "logs" / "server.log").read_text(errors="replace")
    base = sqlite3.connect("file:%s?mode=ro" % (game / "server" / "evennia.db3"), uri=True)

    def count(query):
        return base.execute("select count(*) from " + query).fetchone()[0]

    print(
        json.dumps(
            {
                "logged_in": len(re.findall(r"Logged in: Dummy_", log)),
                "logged_out": len(re.findall(r"Logged out: Dummy_", log)),
                "quit": len(re.findall(r"Logged out: Dummy_.*\(quit\)", log)),
                "failed_logins": len(re.findall(r"Authentication Failure", log)),
                "accounts": count("accounts_accountdb where username like 'Dummy_%'"),
                "characters": count("objects_objectdb where db_key like 'Dummy_%'"),
                "first_rooms": count("objects_objectdb where db_key like 'testing_room_start_%'"),
                "rooms": count("objects_objectdb where db_key like 'testing_room_%'"),
                "objects": count("objects_objectdb where db_key like 'testing_obj_%'"),
                "exits": count("objects_objectdb where db_key like 'exit_%'"),
                "all_objects": count("objects_objectdb"),
            }
        )
    )


def down(options):
    folder = Path(options.folder).resolve()
    game = folder / "mygame"
    running = pids(game)
    venv = Path((folder / "venv.path").read_text())
    run([str(venv / "bin" / "evennia"), "stop"], game, surroundings(venv), folder / "stop.log")
    end = time.monotonic() + 60
    while any(map(alive, running.values())):
        if time.monotonic() > end:
            for pid in filter(alive, running.values()):
                os.kill(pid, signal.SIGKILL)
            fail("the game did not stop within a minute, and was killed")
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("up", up), ("counts", counts), ("down", down)):
        command = commands.add_parser(name)
        command.add_argument("folder")
        command.set_defaults(do=what)
        if name == "up":
            command.add_argument("--venv", help="a virtual environment with Evennia, or the place for one")
            command.add_argument("--python", default="python3", help="the interpreter for a new environment")
            command.add_argument("--evennia", default="5.0.1", help="the version for a new environment")
            command.add_argument("--port", type=int, help="the telnet port, instead of a free one")
            command.add_argument("--no-mixin", action="store_true", help="leave the game's limits on")
            command.add_argument("--dummyrunner", help="DUMMYRUNNER_SETTINGS_MODULE for the game's settings")
    options = parser.parse_args()
    options.do(options)


if __name__ == "__main__":
    main()
