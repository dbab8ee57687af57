# Describes an error of the timed code as Python itself shows it, at the lines of the user's own text, without
# a frame of ours. Compiled by worker.py when an error happens.
# Runs with all names of worker.py and more.py.

# Modules beside the user's code may have the names of those that this one needs.
path = sys.path[:]
sys.path[:] = [folder for folder in path if folder]
try:
    import linecache
    import traceback
finally:
    sys.path[:] = path


def source(case):
    """The text in which every line has the number that the compiled code gives it."""
    setup, statement = starts(case)
    outer, inner = ("    ", "        ") if case.indented else ("", "")
    lines = [""] * (setup - 1) + [outer + line for line in case.setup.split("\n")]
    lines += [""] * (statement - 1 - len(lines)) + [inner + line for line in case.statement.split("\n")]
    return [line + "\n" for line in lines]


def name_of(name):
    return "<module>" if name == "inner" else name


def place_frame(case, frame):
    if frame.filename != FILE:
        return
    # What is shown of the line is found out here, by its number in the compiled code.
    frame.line
    shift = frame.lineno
    part, line = place(case, shift)
    shift -= line
    frame.filename = NAMES[part]
    frame.lineno = line
    frame.name = name_of(frame.name)
    if getattr(frame, "end_lineno", None):
        frame.end_lineno -= shift


def place_all(case, error, seen):
    """Of an error and all that it names as its causes."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    error.stack[:] = [frame for frame in error.stack if frame.filename != "<prof>"]
    if case.mode:
        # What runs the code is not the user's.
        own = [place for place, frame in enumerate(error.stack) if frame.filename == FILE]
        del error.stack[: own[0] if own else 0]
    for frame in error.stack:
        place_frame(case, frame)
    place_all(case, error.__cause__, seen)
    place_all(case, error.__context__, seen)
    for part in getattr(error, "exceptions", None) or ():
        place_all(case, part, seen)


def first_lines(case, trace):
    """Part and line of the outermost frame that is the user's own code."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            return place(case, trace.tb_lineno)
        trace = trace.tb_next
    return -1, 0


def traceback_2(kind, value, trace, case):
    lines = []
    for name, line, function, text in traceback.extract_tb(trace):
        if name == "<prof>":
            continue
        if name == FILE:
            part, line = place(case, line)
            name = NAMES[part]
        lines.append((name, line, name_of(function), text))
    shown = ["Traceback (most recent call last):\n"] if lines else []
    times = 0
    for index, line in enumerate(lines):
        times = times + 1 if index and line == lines[index - 1] else 0
        # As Python 3 does for recursion.
        if times < 3:
            shown += traceback.format_list([line])
        elif index + 1 == len(lines) or lines[index + 1] != line:
            shown.append("  [Previous line repeated %d more times]\n" % (times - 2))
    return "".join(shown + traceback.format_exception_only(kind, value))


def traceback_3(kind, value, trace, case):
    error = traceback.TracebackException(kind, value, trace)
    if case is not None:
        place_all(case, error, set())
    if not error.stack and error.__cause__ is None and error.__context__ is None:
        return "".join(error.format_exception_only())
    return "".join(error.format())


def place_star(case):
    """Of `import *`, for which Python up to 3.7 names the line of the function."""
    for part, code in enumerate((case.setup, case.statement)):
        for line, text in enumerate(code.split("\n"), 1):
            if "import" in text and text.split("#")[0].rstrip().endswith("*"):
                return part, line
    return None


def place_syntax(value, case):
    """Puts an error of the compiler where the user wrote it; its part and line."""
    line = value.lineno or 1
    if case.part is None:
        part, at = "import *" in value.msg and place_star(case) or place(case, line)
    else:
        part, at = case.part, line
    if value.filename in NAMES:
        shift = line - at
        value.filename = NAMES[part]
        value.lineno = at
        if getattr(value, "end_lineno", None):
            value.end_lineno -= shift
        lines = (case.setup, case.statement)[part].split("\n")
        if at <= len(lines) and not value.text:
            value.text = lines[at - 1] + "\n"
            if not value.offset:
                value.offset = len(value.text) - len(value.text.lstrip()) + 1
        if not PYTHON_3:
            # It prints these.
            value.args = value.msg, (value.filename, at, value.offset, value.text)
    return part, at


def describe(kind, value, trace, case):
    # Ours, and the bootstrap.
    while trace is not None and trace.tb_frame.f_code.co_filename in ("<prof>", "<string>"):
        trace = trace.tb_next
    part, line = -1, 0
    if case is not None:
        text = source(case)
        linecache.cache[FILE] = (sum(map(len, text)), None, text, FILE)
        if trace is not None:
            part, line = first_lines(case, trace)
        elif issubclass(kind, SyntaxError):
            part, line = place_syntax(value, case)
        elif case.inner is None:
            part, line = (1 if case.part is None else case.part), 0
    if PYTHON_3:
        shown = traceback_3(kind, value, trace, case)
    else:
        shown = traceback_2(kind, value, trace, case)
    # Classes of the code are local to the function around it, which is not the user's.
    shown = shown.replace("\ninner.<locals>.", "\n")
    try:
        message = value.msg if issubclass(kind, SyntaxError) else str(value)
    except Exception:
        message = ""
    if not PYTHON_3 and isinstance(message, unicode):  # noqa: F821
        message = message.encode("utf-8")
    return part, line, [kind.__name__, message, shown]
