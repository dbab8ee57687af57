# Times snippets for prof: CPython 2.7, 3.6 and later, nothing but the standard library.
#
# Every measurement pays for compiling this text and for what it imports: here is only what the simplest needs.
# more.py has what others need, errors.py what errors need; both are compiled when they are first used.
import _warnings
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
FILE = "<stmt>"
# The exit code when the code that is timed closed the channel.
CUT_OFF = 121

# The code that is timed may replace any of these in its module.
gc, time, repeat = timeit.gc, timeit.time, timeit.itertools.repeat
getpid, read, write, leave, modules = os.getpid, os.read, os.write, os._exit, sys.modules
PID = getpid()

tick, TICKS = getattr(time, "perf_counter_ns", None), 1
if tick is None:
    tick, TICKS = getattr(time, "perf_counter", time.time), 1e9
process_tick, PROCESS_TICKS = getattr(time, "process_time_ns", None), 1
if process_tick is None:
    process_tick, PROCESS_TICKS = getattr(time, "process_time", None) or time.clock, 1e9
if hasattr(time, "thread_time_ns"):
    thread_clock = time.thread_time_ns
elif hasattr(time, "CLOCK_THREAD_CPUTIME_ID"):
    thread_clock = lambda: int(time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID) * 1e9)
else:
    thread_clock = lambda: -1


class Closed(Exception):
    pass


class Channel(object):
    """Messages: a line `KIND number ... / length ...`, then as many texts of these lengths."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.data = b""
        self.lock = thread.allocate_lock()

    def say(self, kind, numbers=(), texts=()):
        words = [kind] + ["%d" % number for number in numbers] + ["/"] + ["%d" % len(text) for text in texts]
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
        numbers, lengths = (head.decode("ascii") if PYTHON_3 else head).split("/")
        words = numbers.split()
        texts = []
        for length in map(int, lengths.split()):
            while len(self.data) < length:
                self.more()
            text, self.data = self.data[:length], self.data[length:]
            texts.append(text.decode("utf-8") if PYTHON_3 else text)
        return words[0], [int(word) for word in words[1:]], texts


class Case(object):
    # What is being compiled: 0 the setup, 1 the statement, None both.
    part = None
    # Are its lines indented as timeit does it?
    indented = False
    inner = None

    def __init__(self, collect, mode, setup, statement):
        self.collect = collect
        # 0 as timeit does it, 1 with `await`, 2 with one setup for all samples.
        self.mode = mode
        self.setup = setup
        self.statement = statement
        self.has_setup = setup != "pass"
        self.module = WORKER.module or type(sys)("__main__")  # noqa: F821
        self.module.__builtins__ = modules["builtins" if PYTHON_3 else "__builtin__"]
        self.names = len(self.module.__dict__)

    def build(self):
        code = None if self.mode else self.text()
        if code is None:
            code = more("tree")(self)
        found = {}
        eval(code, self.module.__dict__, found)
        self.inner = found["inner"]
        if self.mode:
            self.inner = more("in_mode")(self.mode, self.inner)

    def text(self):
        """Compiles what timeit would compile. `None` where its way of indenting lines could change strings, or
        where there is an error, which only the other way puts at its place."""
        code = self.setup + "\n" + self.statement
        odd = "'''", '"""', "\\\n", "\t", "\f", "\r", "f'", 'f"', "F'", 'F"'
        if any(part in code for part in odd):
            return None
        names = {
            "setup": self.setup.replace("\n", "\n    "),
            "stmt": self.statement.replace("\n", "\n        "),
            "init": "",
        }
        template = timeit.template
        template = template.format(**names) if "{setup}" in template else template % names
        try:
            # Not within a function, as timeit does first: `return` and the like are errors there.
            compile(self.setup, "<setup>", "exec", 0, True)
            compile(self.statement, FILE, "exec", 0, True)
            whole = quietly(template)
            self.indented = True
            return whole
        except SyntaxError:
            return None


def quietly(code):
    """Compiles the whole; the warnings of its parts are told by then, with the lines of the user."""
    filters = getattr(modules.get("warnings"), "filters", None) or _warnings.filters
    filters.insert(0, ("ignore", None, Warning, None, 0))
    try:
        return compile(code, FILE, "exec", 0, True)
    finally:
        del filters[0]


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

    def take(self):
        enabled = gc.isenabled()
        (gc.enable if self.case.collect else gc.disable)()
        inner = self.case.inner
        try:
            if self.case.has_setup or self.case.mode:
                took = inner(self.iterator, more("timer")(self))
            else:
                # Nothing but what timeit itself has around the loop.
                self.start()
                took = inner(self.iterator, tick)
                self.finish()
        finally:
            if enabled:
                gc.enable()
        self.result[0] = int(took * TICKS)

    def start(self):
        # RUSAGE_THREAD is 1 on Linux; Python 2.7 does not name it.
        self.usage = resource and resource.getrusage(1)
        self.thread = thread_clock()
        self.process = process_tick()
        self.began = tick()

    def finish(self):
        process = process_tick()
        thread = thread_clock()
        self.result = [0, thread - self.thread if thread >= 0 else -1, int((process - self.process) * PROCESS_TICKS)]
        before = self.usage
        if before:
            now = resource.getrusage(1)
            self.result += [
                now.ru_nvcsw - before.ru_nvcsw,
                now.ru_nivcsw - before.ru_nivcsw,
                now.ru_minflt - before.ru_minflt + now.ru_majflt - before.ru_majflt,
                now.ru_maxrss * 1024,
            ]
        else:
            self.result += [0] * 4
        self.result.append(self.setup_time)


class Worker(object):
    # What all cases share, and what takes a sample.
    module = None
    take = staticmethod(Row.take)

    def __init__(self, descriptor, sources):
        self.channel = Channel(descriptor)
        self.more, self.errors = sources
        self.cases = []
        self.row = None
        self.plan = 0
        self.known = len(modules)

    def serve(self):
        if sys.path[:1] != [""]:
            sys.path.insert(0, "")
        sys.argv = [""]
        # It must live on when the code that is timed is the main program.
        self.main = modules["__main__"]
        name = sys.implementation.name if PYTHON_3 else "cpython"
        texts = [name, sys.version.split()[0], sys.executable or ""]
        if PYTHON_3:
            texts = [text.encode("utf-8", "surrogateescape") for text in texts]
        self.channel.say("hello", [VERSION] + list(sys.version_info[:3]), texts)
        while True:
            try:
                kind, numbers, texts = self.channel.hear()
                if kind == "prepare":
                    self.row = Row(0, Case(numbers[0], numbers[1], *texts), 0)
                    self.row.case.build()
                    self.cases.append(self.row.case)
                    self.channel.say("ready")
                elif kind == "run":
                    self.run(numbers[0], zip(numbers[1::2], numbers[2::2]))
                elif kind == "world":
                    self.row = None
                    more("world")(texts.pop(0))["enter"](self, numbers[0], *texts)
                    self.channel.say("ready")
                elif kind == "fork":
                    MORE["fork"](self)
                elif kind == "profile":
                    more("world")(texts[0])["profile"](self, *numbers)
                else:
                    return self.end()
            except Closed:
                return self.end()
            except BaseException:
                more("fail")(self)

    def run(self, watched, plan):
        self.plan += 1
        rows = []
        self.row = None
        if watched:
            thread.start_new_thread(more("look"), (self, self.plan))
        told = tick()
        try:
            for index, (case, loops) in enumerate(plan):
                case = self.cases[case]
                modules["__main__"] = case.module
                self.row = row = Row(index, case, loops)
                self.take(row)
                rows += row.result
                if row.grown:
                    more("tell_growth")(self, row)
                # Whoever looks at long rows wants those before them, too.
                if watched or (tick() - told) * TICKS > 250000000:
                    self.channel.say("rows", rows)
                    rows = []
                    told = tick()
        except BaseException:
            self.plan += 1
            self.channel.say("rows", rows)
            raise
        self.plan += 1
        self.channel.say("done", rows)

    def end(self):
        """Ends the process. What an interpreter does when it ends takes as long as a short measurement: where the
        code left nothing behind, in a module or a thread, only what it asked for is done."""
        left = len(modules) != self.known or thread._count()
        if left or any(len(case.module.__dict__) != case.names for case in self.cases):
            return
        if "atexit" in modules:
            modules["atexit"]._run_exitfuncs()
        for stream in sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__:
            try:
                stream.flush()
            except Exception:
                pass
        leave(0)


MORE = {}


def more(name):
    """What the simplest measurement does not need."""
    if not MORE:
        MORE.update(globals())
        eval(compile(WORKER.more, "<prof>", "exec", 0, True), MORE)
    return MORE[name]
