# Calls the functions of a settings file for prof, many at a time.
#
# Standard output and error are one pipe to prof, which shows them; requests and answers have descriptors of their own.
import json
import random
import select
import time

PID = os.getpid()
STAMP = "%Y%m%d%H%M%S"
# No action needs as many.
MOST_COMMANDS = 10000
# Answers wait so long at most for others of their batch.
HELD = 0.02
LOGIN, LOGOUT = 0, 1


class DummyClient(object):
    """What functions see of a dummy; they may give it any attribute."""

    COUNT = 0

    def __init__(self, number, attempt):
        self.cid = "%03d" % (number + 1)
        self.key = "Dummy-" + self.cid
        # One that connects again is new to the world: its account must not be the one it had.
        again = "_%d" % (attempt + 1) if attempt else ""
        self.gid = "%s_%s%s" % (time.strftime(STAMP), self.cid, again)
        self.istep = 0
        self.exits = []
        self.objs = []
        self.connection_timestamp = time.time()
        self.connection_attempt = 1
        self._attempt = attempt
        self.action_started = 0

    def counter(self):
        DummyClient.COUNT += 1
        return "%s_%d" % (time.strftime(STAMP), DummyClient.COUNT)

    def __getattr__(self, name):
        if name in ("transport", "factory", "sendLine", "dataReceived", "step", "report", "logout"):
            raise AttributeError(
                "a dummy of prof has no `%s`: it sends what the function returns, and nothing else" % name
            )
        raise AttributeError("the client has no attribute `%s`; the function must set it first" % name)


class Empty(Exception):
    pass


def clean(command):
    """A command as lines without control characters."""
    if isinstance(command, (bytes, bytearray)) and PYTHON_3 or command is None or isinstance(command, (tuple, list)):
        raise TypeError(
            "%.60r (%s) is no command: return a string, or a tuple or list of strings"
            % (command, type(command).__name__)
        )
    if not PYTHON_3:
        command = command if isinstance(command, unicode) else str(command).decode("utf-8", "replace")  # noqa: F821
    elif not isinstance(command, str):
        command = str(command)
    command.encode("utf-8")
    return [re.sub(r"[\x00-\x1f\x7f]", "", line) for line in re.split(r"\r\n|\r|\n", command)]


def commands_of(result):
    """Whatever a function returned, as commands in one text."""
    if result is None:
        return u""
    if isinstance(result, (str, TEXT)):
        result = (result,)
    elif isinstance(result, (bytes, bytearray)) or not hasattr(result, "__iter__"):
        raise TypeError(
            "it returned %.60r (%s), which is no command: return a string, or a tuple or list of strings"
            % (result, type(result).__name__)
        )
    lines = []
    for command in result:
        lines += clean(command)
        if len(lines) > MOST_COMMANDS:
            raise ValueError("it gives more than %d commands at a time" % MOST_COMMANDS)
    return u"".join(u"\x1f" + line for line in lines)


def note(text):
    """Something for prof's standard error, whatever the file has made of its own."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    return b"!" + data.replace(b"\x1f", b" ").replace(b"\n", b"\x1f")


class Function(object):
    """A function of the file, and what came of its calls."""

    def __init__(self, call, weight, taken):
        self.call = call
        self.weight = weight
        inner = call
        while hasattr(inner, "func") or hasattr(inner, "__wrapped__"):
            inner = getattr(inner, "func", None) or inner.__wrapped__
        name = getattr(inner, "__name__", None) or type(inner).__name__
        code = getattr(inner, "__code__", None)
        self.line = code.co_firstlineno if code else 0
        if name == "<lambda>":
            name = "lambda in line %d" % self.line
        self.name, count = name, 1
        while self.name in taken:
            count += 1
            self.name = "%s (%d)" % (name, count)
        taken.add(self.name)
        self.calls = self.errors = self.empty = 0
        self.error = ""

    def failed(self, path, out):
        info = sys.exc_info()
        self.errors += 1
        if self.errors > 1:
            return
        self.error = in_short(info[1])
        where = "%s, line %d: %s failed (told once, then only counted)\n" % (path, self.line, self.name)
        out.append(note(where + trace_of(info)))


class Game(object):
    """All dummies and functions."""

    def __init__(self, path, functions):
        self.path = path
        self.functions = functions
        self.clients = {}
        self.works = False
        self.hopeless = False
        self.is_joined_told = False

    def answer(self, lines, out, send):
        """Calls what the lines ask for; answers go to `out`, and that to `send` when one of them takes long."""
        now = time.time()
        clients, functions = self.clients, self.functions
        began = now
        for line in lines:
            words = line.split()
            number = words[1]
            if words[0] == b"c":
                before = clients.get(number)
                clients[number] = DummyClient(int(number), before._attempt + 1 if before else 0)
                continue
            index = int(words[3])
            client = clients.get(number)
            if client is None:
                client = clients[number] = DummyClient(int(number), 0)
            client.istep = int(words[4])
            client.action_started = began if client.istep else 0
            function = functions[index]
            function.calls += 1
            head = number + b" " + words[2]
            try:
                result = function.call(client)
                if PYTHON_3 and (type(result) is tuple or type(result) is list) and is_plain(result):
                    text = "\x1f" + "\x1f".join(result)
                else:
                    text = commands_of(result)
                text = text.encode("utf-8")
            except BaseException:
                function.failed(self.path, out)
                text = b" !"
                self.lose_hope()
            else:
                if index > LOGOUT:
                    self.works = True
                elif index == LOGIN and not self.is_joined_told:
                    self.look_at(function, result, out)
                if not text:
                    function.empty += 1
            out.append(head + text)
            now = time.time()
            if now - began > HELD:
                began = now
                send(out)
                del out[:]

    def look_at(self, function, result, out):
        """Is a login's only command two that lack a comma?"""
        if isinstance(result, (str, TEXT)) and re.search(r"^\s*create\s.*\S\s*connect\s", result):
            self.is_joined_told = True
            text = "warning: %s, line %d: %s gives one command that looks like several: %r; is a comma missing?\n"
            out.append(note(text % (self.path, function.line, function.name, result)))

    def lose_hope(self):
        """Has every action failed every time, and often enough?"""
        actions = [function for function in self.functions[2:] if function.weight > 0]
        if self.works or self.hopeless:
            return
        if all(function.errors > 2 for function in actions) or sum(function.errors for function in actions) > 500:
            self.hopeless = True


def is_plain(result):
    """Are these texts without control characters, and at least one?"""
    try:
        return result and "".join(result).isprintable()
    except TypeError:
        return False


def write(descriptor, data):
    if os.getpid() != PID:
        # A child that a function forked came back out of it.
        os._exit(0)
    while data:
        data = data[os.write(descriptor, data) :]


def told(thing):
    """As a line of JSON."""
    return json.dumps(thing).encode("ascii") + b"\n"


def serve(control, channels, game):
    """Answers until the control channel is closed."""
    ears = select.poll()
    rest = {}
    for descriptor in [control] + channels:
        ears.register(descriptor, select.POLLIN)
        rest[descriptor] = b""
    while True:
        for descriptor, _ in ears.poll():
            data = os.read(descriptor, 1 << 18)
            if not data:
                if descriptor == control:
                    return
                ears.unregister(descriptor)
                os.close(descriptor)
                continue
            lines = (rest[descriptor] + data).split(b"\n")
            rest[descriptor] = lines.pop()
            if descriptor == control:
                write(control, told(summary(game)))
                continue

            def send(out, descriptor=descriptor):
                write(descriptor, b"\n".join(out) + b"\n")

            out = []
            was_hopeless = game.hopeless
            game.answer(lines, out, send)
            if game.hopeless and not was_hopeless:
                out.append(b"x")
            if out:
                send(out)


def summary(game):
    times = os.times()
    functions = [
        {"name": f.name, "line": f.line, "calls": f.calls, "errors": f.errors, "empty": f.empty, "error": f.error}
        for f in game.functions
    ]
    return {"functions": functions, "cpu": times[0] + times[1]}


def number_of(source, module, name, default):
    """A number that the file sets."""
    value = getattr(module, name, default)
    try:
        if isinstance(value, (bool, str, TEXT, bytes)):
            raise TypeError
        number = float(value)
        if number != number or number in (float("inf"), float("-inf")):
            raise ValueError
        return number
    except (TypeError, ValueError, OverflowError):
        raise Bad("%s is %.60r, which is no number" % (name, value), "", source.line(name))


def settings_of(source, module):
    """Constants and functions of the module."""
    timestep = number_of(source, module, "TIMESTEP", 1)
    if not 0.001 <= timestep <= 3600:
        line = source.line("TIMESTEP")
        raise Bad("TIMESTEP is %g, and must be from 0.001 to 3600 seconds" % timestep, "", line)
    chances = []
    for name, default in ("CHANCE_OF_ACTION", 0.5), ("CHANCE_OF_LOGIN", 0.01):
        chance = number_of(source, module, name, default)
        if chance < 0:
            raise Bad("%s is %g, and must be from 0 to 1" % (name, chance), "", source.line(name))
        if chance > 1:
            source.warnings.append([source.line(name), "%s is %g, which is taken for 1: always" % (name, chance)])
        chances.append(min(chance, 1.0))
    port = getattr(module, "TELNET_PORT", None)
    if port is not None:
        # Ports are often taken from settings, as text or in a list.
        plain = isinstance(port, int) and not isinstance(port, bool)
        if not plain or not 0 < port < 65536:
            line = source.line("TELNET_PORT")
            raise Bad("TELNET_PORT is %.60r, and must be None or a port from 1 to 65535" % (port,), "", line)
    return timestep, chances, port, actions_of(source, module)


def actions_of(source, module):
    form = "ACTIONS is (login function, logout function, (weight, function), (weight, function), ...)"
    line = source.line("ACTIONS")
    if not hasattr(module, "ACTIONS"):
        raise Bad("it sets no ACTIONS", form, 0)
    actions = module.ACTIONS
    try:
        actions = list(actions)
    except TypeError:
        raise Bad("ACTIONS is %.60r" % (actions,), form, line)
    if len(actions) < 3:
        raise Bad("ACTIONS has %d entries: at least one action must follow login and logout" % len(actions), form, line)
    taken = set()
    functions = []
    for at, entry in enumerate(actions):
        weight = 0
        where = "entry %d of ACTIONS" % (at + 1)
        if at > LOGOUT:
            try:
                weight, entry = entry
            except (TypeError, ValueError):
                raise Bad("%s is %.60r, and must be (weight, function)" % (where, entry), form, line)
            given = weight
            try:
                weight = float(weight)
                if not 0 <= weight < 1e9:
                    raise ValueError
            except (TypeError, ValueError):
                raise Bad("the weight in %s is %.60r, and must be a number from 0" % (where, given), form, line)
        if not callable(entry):
            raise Bad("%s is %.60r, and must be a function" % (where, entry), form, line)
        functions.append(Function(entry, weight, taken))
    if sum(function.weight for function in functions) <= 0:
        raise Bad("all weights in ACTIONS are 0", form, line)
    return functions


def main(control, data):
    config = json.loads(data.decode("utf-8"))
    if not PYTHON_3:
        # Names of modules and folders are bytes there.
        for name in "module", "game", "profile":
            config[name] = config[name] and config[name].encode("utf-8")
    channels = config["channels"]
    if not PYTHON_3:
        import fcntl

        for descriptor in channels:
            fcntl.fcntl(descriptor, fcntl.F_SETFD, 1)
    else:
        for descriptor in channels:
            os.set_inheritable(descriptor, False)
    began = time.time()
    try:
        path, game = config["module"], config["game"]
        folder = os.getcwd()
        if game:
            os.chdir(game)
            sys.path.insert(0, os.getcwd())
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.conf.settings")
        elif not path.endswith(".py"):
            sys.path.insert(0, folder)
        path, name = find(path, game, folder)
        if config["module"].endswith(".py"):
            # As for a program that is started.
            sys.path.insert(0, os.path.dirname(path))
        sys.argv = [path]
        source = Source(path)
        source.mend()
        if config["profile"]:
            source.choose(config["profile"])
        random.seed(config["seed"])
        module, is_set_up = load(source, name)
        timestep, chances, port, functions = settings_of(source, module)
        hello = {
            "path": path,
            "timestep": timestep,
            "chance_of_action": chances[0],
            "chance_of_login": chances[1],
            "port": port,
            "profile": profile_of(module),
            "functions": [{"name": f.name, "line": f.line, "weight": f.weight} for f in functions],
            "warnings": source.warnings,
            "django": is_set_up,
            "seconds": time.time() - began,
            "python": sys.version.split()[0],
        }
    except Bad as bad:
        if os.getpid() == PID:
            write(control, told({"bad": bad.told, "path": path}))
        return
    write(control, told(hello))
    serve(control, channels, Game(path, functions))


def profile_of(module):
    profile = getattr(module, "PROFILE", None)
    return profile if isinstance(profile, (str, TEXT)) else None
