# What the code finds when it runs: a global setup, Django or an Evennia game; and processes that share it.
# Runs with all names of worker.py and more.py, when prof asks for it.
NAME = "<global setup>"


def enter(worker, rollback, framework, argument, code):
    """Sets all up, once: cases share the module in which that is done."""
    module = type(sys)("__main__")
    module.__builtins__ = modules["builtins" if PYTHON_3 else "__builtin__"]
    worker.module = modules["__main__"] = module
    if framework == "django":
        django(argument)
    elif framework == "evennia":
        evennia(module.__dict__)
    if code:
        import linecache

        linecache.cache[NAME] = (len(code), None, [line + "\n" for line in code.split("\n")], NAME)
        eval(compile(code, NAME, "exec", 0, True), module.__dict__)
    if rollback:
        undo(worker, framework)


def django(settings):
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django

    django.setup()


def evennia(names):
    """What its own shell and its flat API show."""
    sys.path.insert(0, os.getcwd())
    django(os.environ.get("DJANGO_SETTINGS_MODULE") or "server.conf.settings")
    import evennia

    evennia._init()
    names.update((name, value) for name, value in vars(evennia).items() if not name.startswith("_"))
    names["evennia"] = evennia


def undo(worker, framework):
    """Each sample is a transaction that is rolled back, with all that its setup wrote."""
    from django.db import connections, transaction

    if framework == "evennia":
        from evennia.utils.idmapper.models import flush_cache
    else:
        flush_cache = None

    def take(row):
        blocks = [transaction.atomic(using=name) for name in connections]
        for block in blocks:
            block.__enter__()
        try:
            row.take()
        finally:
            for block in reversed(blocks):
                transaction.set_rollback(True, using=block.using)
                block.__exit__(None, None, None)
            if flush_cache:
                # Objects of rows that are no more.
                flush_cache()

    worker.take = take


def received(descriptor):
    """A descriptor that comes through this one."""
    if not PYTHON_3:
        # No socket of 2.7 can do it.
        import _multiprocessing

        return _multiprocessing.recvfd(descriptor)
    import socket

    channel = socket.socket(fileno=os.dup(descriptor))
    ancillary = channel.recvmsg(1, socket.CMSG_SPACE(4))[1]
    channel.close()
    return int.from_bytes(ancillary[0][2][:4], sys.byteorder)


def fork(worker):
    """Starts a process that is like this one, with a channel and an output of its own. No one waits for it but prof."""
    import fcntl

    worker.channel.say("send")
    descriptors = [received(worker.channel.descriptor) for _ in range(2)]
    if "django.db" in modules:
        # No two processes may talk through one connection.
        modules["django.db"].connections.close_all()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        for descriptor in descriptors:
            os.close(descriptor)
        return
    if os.fork():
        leave(0)
    os.setpgid(0, 0)
    # say() ends a process that is not the one which began.
    type(worker).serve.__globals__["PID"] = getpid()
    os.dup2(descriptors[1], 1)
    os.dup2(descriptors[1], 2)
    os.close(descriptors[1])
    os.close(worker.channel.descriptor)
    fcntl.fcntl(descriptors[0], fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    worker.channel = Channel(descriptors[0])
    worker.end = end
    worker.channel.say("forked", [getpid()])


def end():
    """What the first process registered for its end is not ours."""
    for stream in sys.stdout, sys.stderr:
        try:
            stream.flush()
        except Exception:
            pass
    leave(0)


def profile(worker, case, loops):
    """One sample under cProfile, and what it found as a dump, empty if nothing was called. The setup is left out."""
    import cProfile
    import marshal

    profiler = cProfile.Profile()
    case = worker.cases[case]
    inner = case.inner

    def profiled(iterator, timer):
        calls = []

        def marked():
            if calls:
                profiler.disable()
                return timer()
            calls.append(1)
            now = timer()
            profiler.enable()
            return now

        try:
            return inner(iterator, marked)
        finally:
            profiler.disable()

    worker.row = row = Row(0, case, loops)
    case.inner = profiled
    try:
        modules["__main__"] = case.module
        worker.take(row)
    finally:
        case.inner = inner
    profiler.create_stats()

    def is_ours(key):
        return key[0] == "<prof>" or "_lsprof.Profiler" in key[2]

    def placed(key):
        if key[0] != FILE:
            return key
        part, line = place(case, key[1])
        return NAMES[part], line, key[2]

    stats = {}
    for key, (primitive, total, own, cumulative, callers) in profiler.stats.items():
        if not is_ours(key):
            callers = {placed(caller): edge for caller, edge in callers.items() if not is_ours(caller)}
            stats[placed(key)] = primitive, total, own, cumulative, callers
    worker.channel.say("profile", [], [marshal.dumps(stats) if stats else b""])
