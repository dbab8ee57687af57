# When the dump is written: at the end, by a clock in a thread of its own, and on demand.
ASK = getattr(_signal, "SIGRTMIN", 34) + 13
real_signal, real_getsignal = _signal.signal, _signal.getsignal
mask_signals = getattr(_signal, "pthread_sigmask", None)
ALL_SIGNALS = getattr(_signal, "valid_signals", lambda: range(1, _signal.NSIG))()
if 32 in ALL_SIGNALS:
    # The C library keeps two for itself.
    ALL_SIGNALS = [number for number in ALL_SIGNALS if number not in (32, 33)]
# Without the interpreter's lock another thread must not read a profiler that is at work.
LOCKED = getattr(sys, "_is_gil_enabled", lambda: True)()


class State(object):
    pid = getpid()
    # Is this a child with a dump of its own? One that records nothing, but may become a daemon?
    child = False
    paused = False
    # The process has begun a session: what it forks next is the daemon.
    fresh = False
    # Has it forked?
    forked = False
    # Processes that may still write the dump themselves.
    owners = ()
    # The thread that writes the last dump, and the signal that came meanwhile.
    busy = None
    after = None
    asked = None
    # With --keep-running: the first Ctrl-C has come; another one that could not be dealt with at once.
    interrupted = False
    interrupted_again = False
    # Processor seconds that the process had used when recording began.
    used_before = 0.0
    # Those that the recording had taken when the process forked.
    used_at_fork = 0.0


def held_signals():
    """Lets no signal through to this thread; returns what undoes it."""
    if mask_signals is None:
        return lambda: None
    before = mask_signals(_signal.SIG_BLOCK, ALL_SIGNALS)
    return lambda: mask_signals(_signal.SIG_SETMASK, before)


def output():
    base = CONFIG["output"]
    if State.child or not CONFIG["only"] and any(is_alive(owner) for owner in State.owners):
        return base + b"." + number_text(getpid())
    return base


def used_time():
    """Processor seconds of what is recorded."""
    return processor_time() - State.used_before


def is_alive(process):
    try:
        kill(process, 0)
        descriptor = file_open("/proc/%d/stat" % process, posix.O_RDONLY | O_CLOEXEC)
        try:
            return posix.read(descriptor, 4096).rsplit(b")", 1)[-1].split()[0] not in b"ZX"
        finally:
            file_close(descriptor)
    except OSError as error:
        # Another user's.
        return error.errno == 1


def save(why):
    """Writes what was recorded until now. The program never notices a failure; prof does."""
    began = clock()
    # What holds up the whole program: each is one call of C code.
    entries, held = RECORDER.entries()
    stats = as_pstats(RECORDER.rows(entries))
    packing = clock()
    data = dumps(stats)
    held = max(held, clock() - packing)
    path = output()
    try:
        write_file(path, data)
    except EnvironmentError as error:
        tell("failed", "%s: %s" % (from_system(path), error.strerror or error))
        return
    took = int((clock() - began) * 1e6)
    used = int(used_time() * 1e6)
    work = work_of(stats)
    tell("dump", why, len(stats), len(data), took, int(held * 1e6), memory(), peak_memory(), *(work + (used,) + PRICES.now + (hex_text(path),)))


def snapshot(why):
    with SAVING:
        if RECORDER.running:
            save(why)


def finish(why):
    """Ends recording with the last dump. False if this thread is about it already."""
    if State.busy == get_ident():
        return False
    if not RECORDER.running:
        return True
    State.busy = get_ident()
    release = held_signals()
    interruption = None
    try:
        for _ in range(2):
            try:
                RECORDER.halt()
                with SAVING:
                    save(why)
                break
            except BaseException as error:
                # Raised by a handler of the program; it goes on when the dump is there.
                interruption = error
        if CLOCK.stop():
            CLOCK.leave()
    finally:
        State.busy = None
        release()
    if State.after:
        end_now(State.after)
    if interruption is not None:
        raise interruption
    return True


def end_now(number):
    real_signal(number, _signal.SIG_DFL)
    kill(getpid(), number)


class Clock(object):
    """A thread that only waits, writes snapshots and looks at the memory; its own calls are not heard."""

    def __init__(self):
        self.wake = None
        self.stopping = False
        self.native = None
        # Is there no thread?
        self.ended = True

    def start(self):
        if self.wake is not None or not (CONFIG["every"] or CONFIG["max_rss"]):
            return
        self.stopping, self.native = False, None
        wake = self.wake = _thread.allocate_lock()
        wake.acquire()
        # Signals that the program waits for must not end it by way of this thread.
        release = held_signals()
        try:
            self.ended = False
            start_thread(silently, ([partial(self.run, wake)],))
        except Exception as error:
            self.wake, self.ended = None, True
            tell("failed", "no snapshots: %s" % error)
        finally:
            release()

    def run(self, wake):
        try:
            self.native = getattr(_thread, "get_native_id", int)()
            self.loop(wake)
        except BaseException as error:
            tell("failed", "no snapshots any more: %r" % (error,))
        finally:
            self.ended = True

    def loop(self, wake):
        every, limit, process = CONFIG["every"], CONFIG["max_rss"], getpid()
        step = 1.0 if limit else every
        due = clock() + every
        while True:
            woken = wait(wake, max(min(step, due - clock()), 0.0) if every else step)
            if self.stopping or wake is not self.wake or getpid() != process:
                return
            if limit and memory() > limit:
                tell("limit", memory())
                ask_main("limit")
                limit, step = 0, every or 3600.0
            if woken or (every and clock() >= due):
                if LOCKED:
                    snapshot("asked" if woken else "every")
                else:
                    ask_main("asked" if woken else "every")
                due = clock() + every

    def ring(self):
        """Asks for a snapshot now. False if there is no clock."""
        if self.wake is None:
            return False
        if self.wake.locked():
            self.wake.release()
        return True

    def stop(self):
        wake, self.wake = self.wake, None
        if wake is None:
            return False
        self.stopping = True
        if wake.locked():
            wake.release()
        return True

    def leave(self):
        """Waits, not for long, until the thread has begun and ended: one that has not begun when Python takes down
        what belongs to it crashes."""
        for _ in range(1000):
            if self.ended:
                break
            sleep(0.0005)

    def join(self):
        """Waits, not for long, until the thread is gone."""
        for _ in range(2000):
            # It may not have begun yet.
            if self.native and not posix.access("/proc/self/task/%d" % self.native, 0):
                break
            sleep(0.0005)


def wait(lock, seconds):
    if PYTHON_3:
        return lock.acquire(True, seconds)
    until = clock() + seconds
    while not lock.acquire(False):
        left = until - clock()
        if left <= 0:
            return False
        sleep(min(left, 0.05))
    return True


def ask_main(what):
    State.asked = what
    kill(getpid(), ASK)


CLOCK = Clock()
