# The start. prof made Python import this as `sitecustomize`; from here on nothing of that is left to see.
def at_exit():
    finish("exit")


def is_on_the_way():
    """Is another program meant, which this one starts, or one that that starts? It gets our entry with `sys.path`."""
    if not CONFIG["only"]:
        return False
    descriptor = file_open(b"/proc/self/cmdline", posix.O_RDONLY | O_CLOEXEC)
    try:
        words = posix.read(descriptor, 65536).split(b"\0")
    finally:
        file_close(descriptor)
    return not any(word.startswith(b"--python=") and word.endswith(CONFIG["only"]) for word in words)


def take_number():
    """Each program that is recorded has a file of its own: those before it have told that they began."""
    if not CONFIG["only"]:
        return
    descriptor = file_open(CONFIG["status"], posix.O_RDONLY | O_CLOEXEC)
    text = b""
    try:
        while True:
            part = posix.read(descriptor, 65536)
            if not part:
                break
            text += part
    finally:
        file_close(descriptor)
    before = sum(line.startswith(b"start ") for line in text.split(b"\n"))
    if before:
        folder, name = CONFIG["output"].rsplit(b"/", 1)
        stem, dot, ending = name.rpartition(b".")
        if not stem:
            stem, dot, ending = name, b"", b""
        CONFIG["output"] = folder + b"/" + stem + b"-" + number_text(before + 1) + dot + ending


def hand_on():
    """The program goes on as without us, but for our entry in `sys.path`."""
    name = from_system(CONFIG["entry"])
    sys.modules.pop("sitecustomize", None)
    sys.path[:] = [entry for entry in sys.path if entry != name]
    try:
        import sitecustomize
    except BaseException:
        sys.modules.setdefault("sitecustomize", SELF)
        raise
    finally:
        # Python will put the script's folder before it all, and Evennia's launcher its own into the second place.
        sys.path.insert(1, name)


def tidy():
    name = from_system(CONFIG["entry"])
    while name in sys.path:
        sys.path.remove(name)
    sys.path_importer_cache.pop(name, None)
    cache = getattr(sys.modules.get("zipimport"), "_zip_directory_cache", {})
    if name in cache:
        del cache[name]
    environment = getattr(os, "environb", os.environ)
    if CONFIG["only"]:
        # What started it has set the variable.
        entries = environment.get(b"PYTHONPATH", b"").split(b":")
        environment[b"PYTHONPATH"] = b":".join(entry for entry in entries if entry != CONFIG["entry"])
    elif CONFIG["variable"] is None:
        environment.pop(b"PYTHONPATH", None)
    else:
        environment[b"PYTHONPATH"] = CONFIG["variable"]
    sys.modules.pop(__name__, None)


def begin():
    try:
        record()
    except Exception as error:
        # The program runs, whatever becomes of the recording.
        tell("failed", "nothing is recorded: %r" % (error,))


def record():
    import atexit

    State.child = CONFIG["child"]
    take_number()
    # Registered first, so it runs last.
    atexit.register(at_exit)
    watch_threads()
    watch_signals()
    watch_processes()
    tell("start", "%d.%d" % sys.version_info[:2], memory())
    PRICES.take()
    State.used_before = processor_time()
    RECORDER.start()
    CLOCK.start()


if CONFIG["program"]:
    start = Start()
elif is_on_the_way():
    hand_on()
else:
    tidy()
    try:
        # The one that would have been imported without us, if there is one; else `site` expects the error.
        import sitecustomize
    except BaseException:
        # What imports us removes us.
        sys.modules.setdefault("sitecustomize", SELF)
        begin()
        raise
    begin()
