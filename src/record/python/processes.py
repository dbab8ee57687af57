# Processes: the ends that pass by `atexit`, other programs in this process, and children.
def ending(module, name):
    real = getattr(module, name)

    def end(*args, **kwargs):
        try:
            # Of a daemon only the process that stays writes.
            if not (CONFIG["only"] and State.forked):
                finish("exit")
        except BaseException:
            # The program leaves, whatever one of its handlers raised.
            pass
        real(*args, **kwargs)

    return end


def replacing(module, name):
    """`exec`: the dump is written when the other program is there; if it does not start, recording goes on."""
    real = getattr(module, name)

    def execute(path, *args, **kwargs):
        try:
            there = posix.access(path, posix.X_OK)
        except (TypeError, ValueError):
            there = True
        if not (there and RECORDER.running):
            return real(path, *args, **kwargs)
        finish("exec")
        try:
            return real(path, *args, **kwargs)
        finally:
            RECORDER.go()
            CLOCK.start()

    return execute


def set_session():
    """A child that begins a session becomes a daemon: the profile goes on there."""
    real_setsid()
    if State.paused:
        State.paused = False
        State.fresh = True
        RECORDER.thread = get_ident()
        RECORDER.go()
        CLOCK.start()


def before_fork():
    State.used_at_fork = used_time()
    # Since 3.12 a warning is due where there is a second thread; ours is no reason for it.
    if MONITORING and CLOCK.stop():
        CLOCK.join()
        if RECORDER.tool is not None:
            event = MONITORING.events.C_RETURN
            # Replaced at one stroke: what calls and does not return here would stay on the profiler's stack.
            hear = RECORDER.ears[event]

            def returned(code, offset, function, argument):
                hear(code, offset, function, argument)
                if getattr(function, "__name__", "") in ("fork", "forkpty", "fork_exec"):
                    if RECORDER.tool is not None:
                        MONITORING.register_callback(RECORDER.tool, event, RECORDER.ears[event])
                        CLOCK.start()

            MONITORING.register_callback(RECORDER.tool, event, returned)


def after_fork():
    State.fresh = False
    State.forked = True


def forked():
    """In the child."""
    global SAVING
    SAVING = _thread.allocate_lock()
    parent, State.pid = State.pid, getpid()
    State.forked = False
    State.busy = State.after = None
    CLOCK.wake, CLOCK.ended = None, True
    # A new process begins to count, with a profile that holds what was done before.
    State.used_before = -State.used_at_fork
    if not RECORDER.running:
        return
    if CONFIG["children"]:
        RECORDER.halt(True)
        RECORDER.clear()
        State.used_before = 0.0
        State.child = True
        RECORDER.go()
        CLOCK.start()
        return
    State.owners += (parent,)
    RECORDER.others.clear()
    if State.fresh:
        State.fresh = False
        RECORDER.thread = get_ident()
        CLOCK.start()
        return
    RECORDER.halt(True)
    State.paused = True


def forking(module, name):
    """For a Python that does not tell of forks."""
    real = getattr(module, name)

    def fork():
        State.used_at_fork = used_time()
        result = real()
        if (result[0] if isinstance(result, tuple) else result) == 0:
            forked()
        else:
            after_fork()
        return result

    return fork


def replace(name, maker):
    if hasattr(posix, name):
        wrapper = maker(posix, name)
        PASSED.add("<built-in method posix.%s>" % name)
        PASSED.add("<%s>" % repr(getattr(posix, name)).strip("<>"))
        setattr(posix, name, wrapper)
        setattr(os, name, wrapper)


def watch_processes():
    for name in ("_exit", "abort"):
        replace(name, ending)
    for name in ("execv", "execve"):
        replace(name, replacing)
    replace("setsid", lambda module, name: set_session)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before_fork, after_in_parent=after_fork, after_in_child=forked)
    else:
        for name in ("fork", "forkpty"):
            replace(name, forking)


real_setsid = posix.setsid
