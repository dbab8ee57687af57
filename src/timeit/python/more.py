# What worker.py leaves out: setups, progress, code that must not be indented anew, and the way to errors.py.
# Runs with all names of worker.py.
ONLY_TREE = 0x400  # ast.PyCF_ONLY_AST, without importing ast
LOOK_EVERY = 0.25
SIZED = list, dict, set, bytearray, str, bytes

sleep = time.sleep


def walk(node):
    yield node
    for name in node._fields or ():
        value = getattr(node, name, None)
        for child in value if isinstance(value, list) else [value]:
            if hasattr(child, "_fields"):
                for found in walk(child):
                    yield found


# A setup that runs once: its names stay those of the function, which gives the time of each sample.
ONCE = """
def inner():
    {setup}
    _it, _timer = yield
    while 1:
        _t0 = _timer()
        for _i in _it:
            {stmt}
            pass
        _it, _timer = yield _timer() - _t0
"""
TOP_LEVEL_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def starts(case):
    """The first lines of setup and statement in the text that timeit would make."""
    return 3, (8 if case.mode == 2 else 6) + case.setup.count("\n")


NAMES = "<setup>", FILE


def place(case, line):
    """Part and line of the user's text, from a line of timeit's text."""
    setup, statement = starts(case)
    if line >= statement - 1:
        return 1, min(max(line - statement, 0), case.statement.count("\n")) + 1
    return 0, min(max(line - setup, 0), case.setup.count("\n")) + 1


def world(source):
    """What world.py offers, which few measurements need."""
    eval(compile(source, "<prof>", "exec", 0, True), MORE)
    return MORE


def in_mode(mode, function):
    """A function that is called as that of timeit is."""
    if mode == 1:
        import asyncio

        run = asyncio.new_event_loop().run_until_complete
        return lambda iterator, timer: run(function(iterator, timer))
    samples = []

    def inner(iterator, timer):
        if not samples:
            samples.append(function())
            next(samples[0])
        return samples[0].send((iterator, timer))

    return inner


def tree(case):
    """Compiles what timeit would compile, by way of syntax trees: no line of the code is indented anew, so that
    strings stay as they are. Every line gets the number that it has in timeit's text: compilers up to 3.7 leave
    out optimisations where numbers go backwards, and code objects hold numbers."""
    case.part = 0
    flags = TOP_LEVEL_AWAIT if case.mode == 1 else 0
    if flags and sys.version_info < (3, 8):
        raise SyntaxError("await is for Python 3.8 and later here")
    # Not within a function, as timeit does first: `return` and the like are errors there.
    compile(case.setup, "<setup>", "exec", flags, True)
    case.part = 1
    whole = compile(case.statement, FILE, "exec", ONLY_TREE | flags, True)
    compile(whole, FILE, "exec", flags, True)
    case.part = None
    template = timeit.template
    if case.mode:
        template = ONCE if case.mode == 2 else template.replace("def ", "async def ", 1)
    names = {"setup": "SETUP", "stmt": "STATEMENT", "init": ""}
    template = template.format(**names) if "{setup}" in template else template % names
    shifts = [
        (number, code.count("\n"))
        for number, line in enumerate(template.split("\n"), 1)
        for name, code in (("SETUP", case.setup), ("STATEMENT", case.statement))
        if name in line
    ]
    whole = compile(template, FILE, "exec", ONLY_TREE, True)
    for node in walk(whole):
        for name in "lineno", "end_lineno":
            line = getattr(node, name, None)
            if line:
                setattr(node, name, line + sum(more for at, more in shifts if line > at))
    body = whole.body[0].body
    loop = [node for part in body for node in walk(part) if type(node).__name__ == "For"][0]
    setup, statement = numbered(case, case.setup, 0), numbered(case, case.statement, 1)
    if not statement and len(loop.body) == 1:
        statement = [nothing(loop.body[0])]
    loop.body[0:1] = statement
    body[0:1] = setup
    return quietly(whole)


def numbered(case, code, part):
    code = "\n" * (starts(case)[part] - 1) + code
    filters = getattr(modules.get("warnings"), "filters", None) or _warnings.filters
    filters.insert(0, ("ignore", None, Warning, None, 0))
    try:
        return compile(code, FILE, "exec", ONLY_TREE | (TOP_LEVEL_AWAIT if case.mode == 1 else 0), True).body
    finally:
        del filters[0]


def nothing(place):
    """`pass`, for code that is only a comment."""
    node = compile("pass", FILE, "exec", ONLY_TREE, True).body[0]
    for name in "lineno", "end_lineno", "col_offset", "end_col_offset":
        if hasattr(place, name):
            setattr(node, name, getattr(place, name))
    return node


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


def timer(row):
    """The timer of a loop with a setup, called between the two and after the loop."""
    called = tick()
    before = []

    def timer():
        now = tick()
        if before:
            row.finish()
            row.grown = grown(before[0], sizes(sys._getframe(1)))
            return now
        row.setup_time = int((now - called) * TICKS)
        before.append(sizes(sys._getframe(1)))
        row.start()
        return tick()

    return timer


def grown(before, after):
    """What grew most: items before and after, and the name."""
    growth = [(size - before[name], size, name) for name, size in after.items() if name in before]
    if growth and max(growth)[0] > 0:
        more, size, name = max(growth)
        return size - more, size, name


def tell_growth(worker, row):
    before, after, name = row.grown
    name = name.encode("utf-8") if PYTHON_3 else name
    worker.channel.say("grown", [worker.cases.index(row.case), before, after, row.loops], [name])


def progress(row):
    """Loops begun before the one that runs now, wall-clock and processor time."""
    if row.result:
        return [row.index, row.loops, row.result[0], row.result[2]]
    if row.began is None:
        return [row.index, 0, 0, 0]
    done = max(0, row.loops - row.iterator.__length_hint__() - 1)
    wall, process = tick() - row.began, process_tick() - row.process
    return [row.index, done, int(wall * TICKS), int(process * PROCESS_TICKS)]


def look(worker, plan):
    """In a thread of its own: tells now and then how far the row is."""
    while True:
        sleep(LOOK_EVERY)
        row = worker.row
        if worker.plan != plan:
            return
        if row is not None and row.began is not None and row.result is None:
            try:
                worker.channel.say("progress", progress(row))
            except Exception:
                return


def fail(worker):
    kind, value, trace = sys.exc_info()
    row = worker.row
    numbers = progress(row) if row else [0] * 4
    part, line, texts = -1, 0, [kind.__name__, "", ""]
    try:
        space = dict(MORE)
        eval(compile(worker.errors, "<prof>", "exec", 0, True), space)
        part, line, texts = space["describe"](kind, value, trace, row.case if row else None)
    except Exception:
        pass
    texts = [text.encode("utf-8", "backslashreplace") if PYTHON_3 else text for text in texts]
    worker.channel.say("error", numbers + [part, line], texts)
