# Times snippets for prof: CPython 2.7, 3.6 and later, nothing but the standard library.
#
# What is imported here is paid for by every measurement: only modules that are built in, and timeit for its
# template. All that errors need is in errors.py, which is compiled when the first one happens.
import _warnings
import gc
import itertools
import os
import sys
import timeit

try:
    import _thread as thread
except ImportError:
    import thread
try:
    import resource
except ImportError:
    resource = None

VERSION = 1
PYTHON_3 = sys.version_info[0] > 2
ONLY_TREE = 0x400  # ast.PyCF_ONLY_AST, without importing ast
FILE = "<stmt>"
LOOK_EVERY = 0.25
# The exit code when the code that is timed closed the channel.
CUT_OFF = 121

# The code that is timed may replace any of these in its module.
time = timeit.time
getpid = os.getpid
read = os.read
write = os.write
leave = os._exit
repeat = itertools.repeat
sleep = time.sleep
modules = sys.modules
PID = getpid()

if hasattr(time, "perf_counter_ns"):
    tick, TICKS = time.perf_counter_ns, 1
else:
    tick, TICKS = getattr(time, "perf_counter", time.time), 1e9


def clock():
    return int(tick() * TICKS)


if hasattr(time, "process_time_ns"):
    process_clock = time.process_time_ns
else:
    _process_seconds = getattr(time, "process_time", None) or time.clock

    def process_clock():
        return int(_process_seconds() * 1e9)

if hasattr(time, "thread_time_ns"):
    thread_clock = time.thread_time_ns
elif hasattr(time, "CLOCK_THREAD_CPUTIME_ID"):

    def thread_clock():
        return int(time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID) * 1e9)

else:

    def thread_clock():
        return -1


def usage():
    # RUSAGE_THREAD is 1 on Linux; Python 2.7 does not name it.
    if resource is None:
        return 0, 0, 0, 0
    now = resource.getrusage(1)
    return now.ru_nvcsw, now.ru_nivcsw, now.ru_minflt + now.ru_majflt, now.ru_maxrss * 1024


class Closed(Exception):
    pass


class Channel(object):
    """Messages: a line `KIND number ... / length ...`, then as many texts of these lengths."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.data = b""
        self.lock = thread.allocate_lock()

    def say(self, kind, numbers=(), texts=()):
        words = [kind]
        words += ["%d" % number for number in numbers]
        words.append("/")
        words += ["%d" % len(text) for text in texts]
        data = " ".join(words)
        data = (data.encode("ascii") if PYTHON_3 else data) + b"\n" + b"".join(texts)
        if getpid() != PID:
            # A child that the code forked came back out of it.
            leave(0)
        try:
            with self.lock:
                while data:
                    data = data[write(self.descriptor, data) :]
        except OSError:
            leave(CUT_OFF)

    def more(self):
        try:
            data = read(self.descriptor, 65536)
        except OSError:
            leave(CUT_OFF)
        if not data:
            raise Closed
        self.data += data

    def hear(self):
        while b"\n" not in self.data:
            self.more()
        head, self.data = self.data.split(b"\n", 1)
        numbers, lengths = head.decode("ascii").split("/")
        words = numbers.split()
        texts = []
        for length in map(int, lengths.split()):
            while len(self.data) < length:
                self.more()
            text, self.data = self.data[:length], self.data[length:]
            texts.append(text.decode("utf-8") if PYTHON_3 else text)
        return words[0], [int(word) for word in words[1:]], texts


def walk(node):
    yield node
    for name in node._fields or ():
        value = getattr(node, name, None)
        for child in value if isinstance(value, list) else [value]:
            if hasattr(child, "_fields"):
                for found in walk(child):
                    yield found


class Case(object):
    def __init__(self, collect, setup, statement):
        self.collect = collect
        self.setup = setup
        self.statement = statement
        self.has_setup = setup != "pass"
        # The first lines of both in the text that timeit would make.
        self.lines = 3, 6 + setup.count("\n")
        # Which part is being compiled; None: both.
        self.part = 0
        self.module = type(sys)("__main__")
        self.module.__builtins__ = modules["builtins" if PYTHON_3 else "__builtin__"]
        self.inner = None

    def build(self):
        """Compiles what timeit would compile, by way of syntax trees: no line of the code is indented anew,
        so that strings stay as they are. Every line gets the number that it has in timeit's text: compilers
        up to 3.7 leave out optimisations where numbers go backwards, and code objects hold numbers."""
        # Not within a function, as timeit does first: `return` and the like are errors there.
        compile(self.setup, "<setup>", "exec", 0, True)
        self.part = 1
        tree = compile(self.statement, FILE, "exec", ONLY_TREE, True)
        compile(tree, FILE, "exec", 0, True)
        self.part = None
        # Its warnings are told by now, with the lines of the user.
        filters = getattr(modules.get("warnings"), "filters", None) or _warnings.filters
        filters.insert(0, ("ignore", None, Warning, None, 0))
        try:
            self.inner = self.function()
        finally:
            del filters[0]

    def function(self):
        template = timeit.template
        names = {"setup": "SETUP", "stmt": "STATEMENT", "init": ""}
        template = template.format(**names) if "{setup}" in template else template % names
        shifts = [
            (number, code.count("\n"))
            for number, line in enumerate(template.split("\n"), 1)
            for name, code in (("SETUP", self.setup), ("STATEMENT", self.statement))
            if name in line
        ]
        tree = compile(template, FILE, "exec", ONLY_TREE, True)
        for node in walk(tree):
            for name in "lineno", "end_lineno":
                line = getattr(node, name, None)
                if line:
                    setattr(node, name, line + sum(more for at, more in shifts if line > at))
        body = tree.body[0].body
        loop = [node for node in body if type(node).__name__ == "For"][0]
        setup, statement = self.at(0), self.at(1)
        if not statement and len(loop.body) == 1:
            statement = [self.nothing(loop.body[0])]
        loop.body[0:1] = statement
        body[0:1] = setup
        found = {}
        eval(compile(tree, FILE, "exec", 0, True), self.module.__dict__, found)
        return found["inner"]

    def at(self, part):
        code = (self.setup, self.statement)[part]
        return compile("\n" * (self.lines[part] - 1) + code, FILE, "exec", ONLY_TREE, True).body

    def nothing(self, place):
        """`pass`, for code that is only a comment."""
        node = compile("pass", FILE, "exec", ONLY_TREE, True).body[0]
        for name in "lineno", "end_lineno", "col_offset", "end_col_offset":
            if hasattr(place, name):
                setattr(node, name, getattr(place, name))
        return node


SIZED = list, dict, set, bytearray, str, bytes


def sizes(frame):
    """How much the containers hold that the code of this frame uses."""
    found = {}
    names = frame.f_locals
    for space in frame.f_globals, names:
        for name, value in space.items():
            if type(value) in SIZED or type(value).__name__ == "deque":
                found[name] = len(value)
    if type(names) is dict and names is not frame.f_globals:
        # A copy that would stay with the frame: it must hold no reference while the loop runs.
        names.clear()
    return found


class Row(object):
    """One sample while it is taken."""

    def __init__(self, index, case, loops):
        self.index = index
        self.case = case
        self.loops = loops
        self.iterator = repeat(None, loops)
        self.setup_time = 0
        self.began = None
        self.result = None
        self.grown = None

    def start(self):
        self.usage = usage()
        self.thread = thread_clock()
        self.process = process_clock()
        self.began = clock()

    def finish(self):
        process = process_clock()
        on_thread = thread_clock()
        before, after = self.usage, usage()
        self.result = [
            0,
            on_thread - self.thread if on_thread >= 0 else -1,
            process - self.process,
            after[0] - before[0],
            after[1] - before[1],
            after[2] - before[2],
            after[3],
            self.setup_time,
        ]

    def timer(self):
        """The timer of the loop, called between setup and loop and after it: the setup is none of its time."""
        called = clock()
        sizes_before = []

        def timer():
            now = tick()
            if sizes_before:
                self.finish()
                self.compare(sizes_before[0], sizes(sys._getframe(1)))
                return now
            self.setup_time = clock() - called
            sizes_before.append(sizes(sys._getframe(1)))
            self.start()
            return tick()

        return timer

    def compare(self, before, after):
        growth = [(size - before[name], name) for name, size in after.items() if name in before]
        if growth and max(growth)[0] > 0:
            more, name = max(growth)
            self.grown = self.case, name, after[name] - more, after[name], self.loops

    def done(self):
        """Loops begun before the one that runs now."""
        if self.began is None or self.result:
            return self.loops if self.result else 0
        return max(0, self.loops - self.iterator.__length_hint__() - 1)

    def elapsed(self):
        if self.result:
            return self.result[0]
        return 0 if self.began is None else clock() - self.began

    def spent(self):
        if self.result:
            return self.result[2]
        return 0 if self.began is None else process_clock() - self.process

    def take(self):
        enabled = gc.isenabled()
        (gc.enable if self.case.collect else gc.disable)()
        inner = self.case.inner
        try:
            if self.case.has_setup:
                took = inner(self.iterator, self.timer())
            else:
                # Nothing but what timeit itself has around the loop.
                self.start()
                took = inner(self.iterator, tick)
                self.finish()
        finally:
            if enabled:
                gc.enable()
        self.result[0] = int(took * TICKS)


class Worker(object):
    def __init__(self, descriptor, errors):
        self.channel = Channel(descriptor)
        self.errors = errors
        self.cases = []
        self.row = None
        self.plan = 0

    def serve(self):
        if sys.path[:1] != [""]:
            sys.path.insert(0, "")
        sys.argv = [""]
        # Whatever this module was, the code that is timed is the main program.
        self.main = modules["__main__"]
        implementation = getattr(sys, "implementation", None)
        name = implementation.name if implementation else "cpython"
        texts = [name, sys.version.split()[0], sys.executable or ""]
        if PYTHON_3:
            texts = [text.encode("utf-8", "surrogateescape") for text in texts]
        self.channel.say("hello", [VERSION] + list(sys.version_info[:3]), texts)
        while True:
            try:
                kind, numbers, texts = self.channel.hear()
                if kind == "prepare":
                    self.prepare(numbers[0], *texts)
                elif kind == "run":
                    self.run(numbers[0], zip(numbers[1::2], numbers[2::2]))
                else:
                    return
            except Closed:
                return
            except BaseException:
                self.fail()

    def prepare(self, collect, setup, statement):
        self.row = Row(0, Case(collect, setup, statement), 0)
        self.row.case.build()
        self.cases.append(self.row.case)
        self.channel.say("ready")

    def run(self, watched, plan):
        self.plan += 1
        rows = []
        self.row = None
        if watched:
            thread.start_new_thread(self.look, (self.plan,))
        told = clock()
        try:
            for index, (case, loops) in enumerate(plan):
                case = self.cases[case]
                modules["__main__"] = case.module
                self.row = row = Row(index, case, loops)
                row.take()
                rows += row.result
                if row.grown:
                    self.tell_growth(row.grown)
                if clock() - told > LOOK_EVERY * 1e9:
                    self.channel.say("rows", rows)
                    rows = []
                    told = clock()
        finally:
            self.plan += 1
            self.channel.say("rows", rows)
        self.channel.say("done")

    def tell_growth(self, grown):
        case, name, before, after, loops = grown
        name = name.encode("utf-8") if PYTHON_3 else name
        self.channel.say("grown", [self.cases.index(case), before, after, loops], [name])

    def look(self, plan):
        """In a thread of its own: tells now and then how far the row is."""
        while True:
            sleep(LOOK_EVERY)
            row = self.row
            if self.plan != plan:
                return
            if row is not None and row.began is not None and row.result is None:
                try:
                    self.channel.say("progress", [row.index, row.done(), row.elapsed(), row.spent()])
                except Exception:
                    return

    def fail(self):
        kind, value, trace = sys.exc_info()
        row = self.row
        progress = [row.index, row.done(), row.elapsed(), row.spent()] if row else [0, 0, 0, 0]
        part, line, texts = -1, 0, [kind.__name__, "", ""]
        try:
            space = {"PYTHON_3": PYTHON_3, "FILE": FILE, "__name__": "prof"}
            eval(compile(self.errors, "<prof>", "exec", 0, True), space)
            part, line, texts = space["describe"](kind, value, trace, row.case if row else None)
        except Exception:
            pass
        texts = [text.encode("utf-8", "backslashreplace") if PYTHON_3 else text for text in texts]
        self.channel.say("error", progress + [part, line], texts)
