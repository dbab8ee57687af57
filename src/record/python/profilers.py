# Profilers: one for the main thread, with --threads one for each.
#
# Up to 3.11 a profiler belongs to the thread that enables it. Since 3.12 cProfile hears the calls of all threads and
# takes them for one stack. Here it hears those of its thread: what hears them stands under a tool of our own, so that
# the program's own cProfile is free to start; once there is a second thread, calls go through a function that sends
# them to the profiler of their thread. That costs, so it is not done before.
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
        self.apart = False

    def start(self):
        self.main = Profiler()
        self.thread = get_ident()
        self.go()

    def go(self):
        self.running = True
        if not (MONITORING and hasattr(self.main, "_pystart_callback")):
            self.main.enable()
            return
        for tool in (3, 4):
            try:
                MONITORING.use_tool_id(tool, "prof record")
            except ValueError:
                continue
            self.tool = tool
            self.listen()
            return
        raise ValueError("no free tool of sys.monitoring")

    def listen(self):
        events = 0
        for event, name in HEARS:
            event = getattr(MONITORING.events, event)
            hear = getattr(self.main, name, None) or getattr(self.main, "_pystart_callback")
            MONITORING.register_callback(self.tool, event, self.sender(name, hear) if self.apart else hear)
            if not name.startswith("_creturn"):
                events |= event
        if MONITORING.get_events(self.tool) != events:
            MONITORING.set_events(self.tool, events)

    def sender(self, name, hear):
        main, others = self.thread, self.others

        def send(*args):
            thread = get_ident()
            if thread == main:
                hear(*args)
            elif thread in others:
                getattr(others[thread], name, others[thread]._pystart_callback)(*args)

        return send

    def halt(self, quietly=False):
        """Ends recording. Functions that have not returned count until now, where that can be told."""
        if not self.running:
            return
        self.running = False
        if self.tool is not None:
            MONITORING.set_events(self.tool, 0)
            for event, _ in HEARS:
                MONITORING.register_callback(self.tool, getattr(MONITORING.events, event), None)
            MONITORING.free_tool_id(self.tool)
            self.tool = None
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


def start_apart(name):
    """Replaces a function that starts threads."""
    real = getattr(_thread, name, None)
    if real is None:
        return

    def start(function, *args, **kwargs):
        RECORDER.before_thread()
        if CONFIG["threads"] and RECORDER.running and callable(function):
            if name == "start_joinable_thread":
                return real(lambda: RECORDER.run_thread(function, (), {}), *args, **kwargs)
            if args and isinstance(args[0], tuple):
                words = args[1] if len(args) > 1 else kwargs.get("kwargs", {})
                return real(RECORDER.run_thread, (function, args[0], words))
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
