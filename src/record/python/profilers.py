# Profilers: one for the main thread, with --threads one for each.
#
# Up to 3.11 a profiler belongs to the thread that enables it. Since 3.12 cProfile hears the calls of all threads and
# takes them for one stack. Here what hears them stands under a tool of our own, so that the program's own cProfile is
# free to start, and other threads than the main one run within a callback of a second tool: Python calls no callbacks
# from there, so that nobody hears them, at no cost. Where they must be heard, calls go through a function that sends
# them to the profiler of their thread, from the second thread on; that costs.
TOOL, SILENCE = 3, 4
HEARS = (
    ("PY_START", "_pystart_callback"),
    ("PY_RESUME", "_pystart_callback"),
    ("PY_THROW", "_pythrow_callback"),
    ("PY_RETURN", "_pyreturn_callback"),
    ("PY_YIELD", "_pyreturn_callback"),
    ("PY_UNWIND", "_pyreturn_callback"),
    ("CALL", "_ccall_callback"),
    ("C_RETURN", "_creturn_callback"),
    ("C_RAISE", "_creturn_callback"),
)
start_thread = _thread.start_new_thread


class Recorder(object):
    def __init__(self):
        self.main = None
        self.thread = None
        self.running = False
        # Threads that run, by number; what those that ended did.
        self.others = {}
        self.ended = {}
        self.tool = None
        # Since 3.12: what hears each event.
        self.ears = {}
        self.apart = False
        self.silences = False

    def start(self):
        self.main = Profiler()
        self.thread = get_ident()
        self.go()

    def go(self):
        self.running = True
        if self.is_by_events():
            self.silence()
        # Last: what is called behind it would be heard.
        self.hear()

    def is_by_events(self):
        return MONITORING and hasattr(self.main, "_pystart_callback")

    def silence(self):
        try:
            # Of the tools that hear an event the one with the highest number comes first.
            MONITORING.use_tool_id(SILENCE, "prof record: threads that are not heard")
            MONITORING.register_callback(SILENCE, MONITORING.events.PY_START, take)
            MONITORING.set_local_events(SILENCE, silently.__code__, MONITORING.events.PY_START)
            self.silences = True
        except ValueError:
            self.apart = True

    def hear(self):
        if not self.is_by_events():
            self.main.enable()
            return
        MONITORING.use_tool_id(TOOL, "prof record")
        self.tool = TOOL
        self.listen()

    def hear_no_more(self):
        if self.tool is None:
            self.main.disable()
            return
        MONITORING.set_events(self.tool, 0)
        for event, _ in HEARS:
            MONITORING.register_callback(self.tool, getattr(MONITORING.events, event), None)
        MONITORING.free_tool_id(self.tool)
        self.tool = None

    def listen(self):
        events = 0
        for event, name in HEARS:
            event = getattr(MONITORING.events, event)
            hear = ear(self.main, name)
            self.ears[event] = self.sender(name, hear) if self.apart else hear
            MONITORING.register_callback(self.tool, event, self.ears[event])
            if not name.startswith("_creturn"):
                events |= event
        if MONITORING.get_events(self.tool) != events:
            MONITORING.set_events(self.tool, events)

    def sender(self, name, hear):
        main, others, of_thread = self.thread, self.others, get_ident

        def send(thread, *args):
            if thread in others:
                ear(others[thread], name)(*args)

        # Calls with a fixed number of arguments take half the time.
        def two(code, offset):
            thread = of_thread()
            if thread == main:
                hear(code, offset)
            else:
                send(thread, code, offset)

        def three(code, offset, value):
            thread = of_thread()
            if thread == main:
                hear(code, offset, value)
            else:
                send(thread, code, offset, value)

        def four(code, offset, function, argument):
            thread = of_thread()
            if thread == main:
                hear(code, offset, function, argument)
            else:
                send(thread, code, offset, function, argument)

        if name.startswith("_c"):
            return four
        return two if name == "_pystart_callback" else three

    def halt(self, quietly=False):
        """Ends recording. Functions that have not returned count until now, where that can be told."""
        if not self.running:
            return
        self.running = False
        if self.tool is not None:
            self.hear_no_more()
            if self.silences:
                MONITORING.set_local_events(SILENCE, silently.__code__, 0)
                MONITORING.free_tool_id(SILENCE)
            self.silences = False
            try:
                self.main.enable()
            except ValueError:
                # The program's own profiler runs.
                return
            self.main.disable()
        elif MONITORING is None and get_ident() == self.thread and not self.is_heard():
            if not quietly:
                tell("taken")
        else:
            self.main.disable()

    def is_heard(self):
        """Up to 3.11, in the main thread: is the profiler still the one that Python calls?"""
        return sys.getprofile() is self.main

    def clear(self):
        self.main = Profiler()
        self.thread = get_ident()
        self.others, self.ended, self.apart = {}, {}, False

    def entries(self):
        """What each profiler holds, and the longest time that reading one took."""
        found, longest = [], 0.0
        for profiler in [self.main] + list(self.others.values()):
            began = clock()
            found.append(entries_of(profiler))
            longest = max(longest, clock() - began)
        return found, longest

    def rows(self, found):
        rows = {}
        for entries in found:
            add(entries, rows)
        merge(self.ended, rows)
        return rows

    def run_thread(self, function, args, kwargs):
        """A thread of the program, from its start to its end."""
        if not self.running:
            return function(*args, **kwargs)
        thread, profiler = get_ident(), Profiler()
        self.others[thread] = profiler
        if not MONITORING:
            profiler.enable()
        try:
            return function(*args, **kwargs)
        finally:
            if not MONITORING:
                profiler.disable()
            if self.others.get(thread) is profiler:
                with SAVING:
                    del self.others[thread]
                    add(entries_of(profiler), self.ended)

    def before_thread(self):
        if MONITORING and self.tool is not None and not self.apart:
            self.apart = True
            self.listen()
            PRICES.forget()


def ear(profiler, name):
    """The function of a profiler that hears an event."""
    hear = getattr(profiler, name, None)
    if hear is not None:
        return hear
    # An exception thrown into a generator enters it; where cProfile does not hear that, it takes the end of the
    # generator for that of its caller.
    start = profiler._pystart_callback
    return lambda code, offset, error: start(code, offset)


def silently(tasks):
    """Runs a task. Its first event, which only the second tool must hear, takes it; but not when recording has ended."""
    if tasks:
        tasks.pop()()


def take(code, offset):
    sys._getframe(1).f_locals["tasks"].pop()()


def thread_code(function, args, kwargs):
    """What a thread runs in the place of a function of the program."""
    if not RECORDER.running or not callable(function):
        return None
    if MONITORING and not (CONFIG["threads"] or CONFIG["children"]) and RECORDER.silences:
        return silently, ([partial(function, *args, **kwargs)],)
    RECORDER.before_thread()
    if CONFIG["threads"]:
        return RECORDER.run_thread, (function, args, kwargs)
    return None


def start_apart(name):
    """Replaces a function that starts threads."""
    real = getattr(_thread, name, None)
    if real is None:
        return

    def start(function, *args, **kwargs):
        if name == "start_joinable_thread":
            code = thread_code(function, (), {})
            return real(partial(code[0], *code[1]) if code else function, *args, **kwargs)
        if len(args) in (1, 2) and not kwargs and isinstance(args[0], tuple):
            code = thread_code(function, args[0], args[1] if len(args) > 1 else {})
            if code:
                return real(*code)
        return real(function, *args, **kwargs)

    PASSED.add("<built-in method _thread.%s>" % name)
    PASSED.add("<built-in method thread.%s>" % name)
    setattr(_thread, name, start)
    threading = sys.modules.get("threading")
    if threading and hasattr(threading, "_" + name):
        setattr(threading, "_" + name, start)


def watch_threads():
    if MONITORING or CONFIG["threads"]:
        for name in ("start_new_thread", "start_new", "start_joinable_thread"):
            start_apart(name)


RECORDER = Recorder()
SAVING = _thread.allocate_lock()
