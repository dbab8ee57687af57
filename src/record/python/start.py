# The start. prof made Python import this as `sitecustomize`; from here on nothing of that is left to see.
def at_exit():
    finish("exit")


def tidy():
    name = from_system(CONFIG["entry"])
    while name in sys.path:
        sys.path.remove(name)
    sys.path_importer_cache.pop(name, None)
    cache = getattr(sys.modules.get("zipimport"), "_zip_directory_cache", {})
    if name in cache:
        del cache[name]
    environment = getattr(os, "environb", os.environ)
    if CONFIG["variable"] is None:
        environment.pop(b"PYTHONPATH", None)
    else:
        environment[b"PYTHONPATH"] = CONFIG["variable"]
    sys.modules.pop("sitecustomize", None)


def begin():
    try:
        record()
    except Exception as error:
        # The program runs, whatever becomes of the recording.
        tell("failed", "nothing is recorded: %r" % (error,))


def record():
    import atexit

    State.child = CONFIG["child"]
    # Registered first, so it runs last.
    atexit.register(at_exit)
    watch_threads()
    watch_signals()
    watch_processes()
    tell("start", "%d.%d" % sys.version_info[:2])
    RECORDER.start()
    CLOCK.start()


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
