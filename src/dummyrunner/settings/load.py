# Loads a settings file of Evennia's Dummyrunner for prof: CPython 2.7, 3.6 and later, nothing but the standard library.
#
# The file runs once. Before that its text is looked at: a profile that was asked for is put into it, commas that are
# missing between commands are, and whether it needs Django is found out.
import ast
import io
import os
import re
import sys
import tokenize
import traceback
import types

PYTHON_3 = sys.version_info[0] > 2
TEXT = str if PYTHON_3 else unicode  # noqa: F821
FUNCTIONS = tuple(getattr(ast, name) for name in ("FunctionDef", "AsyncFunctionDef") if hasattr(ast, name))
# A command begins so, and what looks like a whole command ends so.
BEGINS = re.compile(r"@?[A-Za-z][\w/-]*(\s|$)")
ENDS = re.compile(r"""[\w}.!?"')]$""")
PREFIX = re.compile("""([A-Za-z]*)('''|\"\"\"|'|")""")


class Bad(Exception):
    """What a person has to mend: where, what, what to do, and perhaps a traceback."""

    def __init__(self, message, hint="", line=0, trace=""):
        Exception.__init__(self, message)
        self.told = {"message": message, "hint": hint, "line": line, "trace": trace}


def outside(tree):
    """All nodes that run when the module is loaded."""
    nodes = [tree]
    while nodes:
        node = nodes.pop(0)
        yield node
        if not isinstance(node, FUNCTIONS + (ast.ClassDef, ast.Lambda)):
            nodes.extend(ast.iter_child_nodes(node))


def text_of(node):
    """The text of a constant, or None."""
    value = node.value if hasattr(node, "value") else getattr(node, "s", None)
    return value if isinstance(value, (str, TEXT)) else None


def lines_of(text):
    """Lines as the tokenizer counts them: a form feed ends none."""
    return [line + type(text)("\n") for line in text.split(type(text)("\n"))]


class Source(object):
    """The text of a settings file."""

    def __init__(self, path):
        self.path = path
        self.warnings = []
        try:
            if PYTHON_3:
                with tokenize.open(path) as file:
                    self.text = file.read()
            else:
                with open(path, "rb") as file:
                    self.text = file.read().replace(b"\r\n", b"\n")
            self.tree = ast.parse(self.text, path)
        except SyntaxError as error:
            raise Bad("it is no Python: %s" % error.msg, "", error.lineno or 0)
        except (IOError, OSError) as error:
            raise Bad("it cannot be read: %s" % error.strerror)
        except (ValueError, UnicodeError) as error:
            raise Bad("it is no Python: %s" % error)
        except (RecursionError if PYTHON_3 else RuntimeError, MemoryError):
            raise Bad("it is nested too deeply for this Python")
        # What is assigned to each name, in order.
        self.assigned = {}
        for node in outside(self.tree):
            for target in getattr(node, "targets", [getattr(node, "target", None)]):
                if isinstance(target, ast.Name) and getattr(node, "value", None) is not None:
                    self.assigned.setdefault(target.id, []).append(node)

    def line(self, name):
        """Where a name gets its last value."""
        return self.assigned[name][-1].lineno if name in self.assigned else 0

    def functions(self):
        """Names of functions that ACTIONS may hold."""
        names, new = set(), ["ACTIONS"]
        while new:
            for node in self.assigned.get(new.pop(), []):
                for part in ast.walk(node.value):
                    name = part.id if isinstance(part, ast.Name) else getattr(part, "attr", None)
                    if name and name not in names:
                        names.add(name)
                        new.append(name)
        return names

    def mend(self):
        """Puts commas between commands that stand below each other without one."""
        lines = lines_of(self.text)
        names = self.functions()
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, FUNCTIONS) and node.name in names:
                found.update(missing_commas(node, lines))
        if not found:
            return
        mended = list(lines)
        # From the end, so that earlier places stay where they are.
        for row, column in sorted(found, reverse=True):
            mended[row - 1] = mended[row - 1][:column] + "," + mended[row - 1][column:]
        try:
            tree = ast.parse("".join(mended), self.path)
        except SyntaxError:
            return
        self.tree = tree
        for row, _ in sorted(found):
            self.warnings.append(
                [row, "a comma is missing after this command; the next line is taken for a command of its own"]
            )

    def profiles(self):
        """Names that PROFILE is compared with or looked up by, in order."""
        found = []

        def is_profile(node):
            return isinstance(node, ast.Name) and node.id == "PROFILE"

        for node in ast.walk(self.tree):
            if isinstance(node, ast.Compare):
                sides = [node.left] + node.comparators
                if any(is_profile(side) for side in sides):
                    found += [text_of(part) for side in sides for part in ast.walk(side)]
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                if any(is_profile(part) for part in ast.walk(node.slice)):
                    for known in self.assigned.get(node.value.id, []):
                        found += [text_of(key) for key in getattr(known.value, "keys", []) if key is not None]
            elif type(node).__name__ == "Match" and is_profile(node.subject):
                found += [
                    text_of(part.value)
                    for case in node.cases
                    for part in ast.walk(case.pattern)
                    if type(part).__name__ == "MatchValue"
                ]
        names = []
        for name in found:
            if name and name not in names:
                names.append(name)
        return names

    def choose(self, profile):
        """Puts another profile into the file."""
        nodes = self.assigned.get("PROFILE")
        if not nodes:
            raise Bad(
                "it has no PROFILE, so there is no profile `%s` in it" % profile,
                "leave out --profile: the file plays its ACTIONS",
            )
        known = self.profiles()
        if known and profile not in known:
            raise Bad("it has no profile `%s`" % profile, "its profiles are " + ", ".join(known), nodes[-1].lineno)
        for node in outside(self.tree):
            for target in getattr(node, "targets", [getattr(node, "target", None)]):
                if isinstance(target, ast.Name) and target.id == "PROFILE" and getattr(node, "value", None) is not None:
                    new = ast.Constant(profile) if hasattr(ast, "Constant") else ast.Str(profile)
                    node.value = ast.fix_missing_locations(ast.copy_location(new, node.value))

    def needs_django(self):
        """Does it import Evennia or Django?"""
        names = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module or "")
        return any(name.split(".")[0] in ("evennia", "django") for name in names)


def missing_commas(function, lines):
    """Ends of strings after which a function's `return`, or the only assignment to what it returns, lacks a comma."""
    returned = [node.value.id for node in ast.walk(function) if isinstance(node, ast.Return) and isinstance(node.value, ast.Name)]
    read = [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    names = set(name for name in returned if read.count(name) == returned.count(name))
    last = max(getattr(node, "end_lineno", None) or getattr(node, "lineno", 0) for node in ast.walk(function))
    text = "".join(lines[function.lineno - 1 :])
    line = []
    places = []
    reader = io.StringIO(text) if PYTHON_3 else io.BytesIO(text)
    try:
        for token in tokenize.generate_tokens(reader.readline):
            kind = token[0]
            if token[2][0] + function.lineno - 1 > last and not line:
                break
            if kind in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
                continue
            if kind != tokenize.NEWLINE:
                line.append(token)
                continue
            words = [word[1] for word in line[:2]]
            if words[:1] == ["return"]:
                places += commas_of(line[1:], text)
            elif len(words) == 2 and words[1] == "=" and words[0] in names:
                places += commas_of(line[2:], text)
            line = []
    except (tokenize.TokenError, IndentationError):
        # The rest of the file may be indented less than where we began.
        pass
    return [(row + function.lineno - 1, column) for row, column in places]


def commas_of(tokens, text):
    """Places in an expression of brackets, commas and strings where strings stand below each other."""
    rows = lines_of(text)
    # Strings first: one of these is a token, or several for an f-string of newer Pythons.
    parts = []
    depth = 0
    for token in tokens:
        name = tokenize.tok_name[token[0]]
        if name == "FSTRING_START":
            depth += 1
            if depth == 1:
                begin = token[2]
        elif name == "FSTRING_END":
            depth -= 1
            if depth == 0:
                parts.append(("string", begin, token[3]))
        elif depth == 0:
            parts.append(("string" if name == "STRING" else token[1], token[2], token[3]))
    found = []
    opened = []
    for at, (what, begin, end) in enumerate(parts):
        before = parts[at - 1][0] if at else ","
        after = parts[at + 1][0] if at + 1 < len(parts) else ","
        if what in ("(", "[", "{"):
            # A bracket after a name or another value is a call or an index.
            opened.append((what != "{" and before in (",", "(", "["), len(found)))
        elif what in (")", "]", "}"):
            grouping, kept = opened.pop() if opened else (False, 0)
            if not grouping or after not in (",", ")", "]"):
                del found[kept:]
        elif what == "string" and before != "string" and all(grouping for grouping, _ in opened):
            group = [parts[at]]
            while at + len(group) < len(parts) and parts[at + len(group)][0] == "string":
                group.append(parts[at + len(group)])
            after = parts[at + len(group)][0] if at + len(group) < len(parts) else ","
            if before in (",", "(", "[") and after in (",", ")", "]"):
                contents = [content(rows, part) for part in group]
                for first, second, one, other in zip(contents, contents[1:], group, group[1:]):
                    if one[2][0] < other[1][0] and first and second and BEGINS.match(first) and ENDS.search(first):
                        if BEGINS.match(second):
                            found.append(one[2])
    return found


def content(rows, part):
    """What stands between the quotes of a string; None if it is none of text."""
    (row, column), (last, end) = part[1], part[2]
    if row == last:
        whole = rows[row - 1][column:end]
    else:
        whole = rows[row - 1][column:] + "".join(rows[row : last - 1]) + rows[last - 1][:end]
    found = PREFIX.match(whole)
    if not found or "b" in found.group(1).lower():
        return None
    return whole[found.end() : len(whole) - len(found.group(2))]


def find(module, game, folder):
    """The file of a module, given as a file or as a dotted name, and the name that it is loaded under."""
    if module.endswith(".py") or os.sep in module:
        places = [os.path.join(folder, module)] + ([os.path.join(game, module)] if game else [])
        for path in places:
            if os.path.isfile(path):
                return os.path.abspath(path), os.path.splitext(os.path.basename(path))[0]
        raise Bad("there is no such file", "--settings takes a file, or the dotted name of a module")
    # Without importing the packages around it: most settings files need none of them.
    parts = module.split(".")
    for place in sys.path:
        for path in os.path.join(place or ".", *parts) + ".py", os.path.join(place or ".", *(parts + ["__init__.py"])):
            if os.path.isfile(path):
                return os.path.abspath(path), module
    hint = "is the game's own folder given, and is it the game's Python?"
    raise Bad("this Python finds no module of this name", hint)


def set_up_django():
    """As Evennia's launcher does."""
    try:
        import django

        django.setup()
        import evennia

        if hasattr(evennia, "_init"):
            evennia._init()
    except BaseException as error:
        raise Bad(
            "it needs Django, and setting that up failed: %s" % in_short(error),
            "start prof in the game's folder, and with the Python of the game",
            0,
            trace_of(sys.exc_info()),
        )


def in_short(error):
    """An error in one line."""
    text = str(error).strip()
    name = type(error).__name__
    return "%s: %s" % (name, text.splitlines()[0]) if text else name


def trace_of(info):
    """A traceback, without frames of this file."""
    if not PYTHON_3:
        frames = [frame for frame in traceback.extract_tb(info[2]) if frame[0] != "<prof>"]
        lines = ["Traceback (most recent call last):\n"] + traceback.format_list(frames)
        return "".join(lines + traceback.format_exception_only(info[0], info[1]))
    whole = traceback.TracebackException(*info)
    seen, rest = set(), [whole]
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.stack[:] = [frame for frame in one.stack if frame.filename != "<prof>"]
            rest += [one.__cause__, one.__context__] + list(getattr(one, "exceptions", None) or [])
    return "".join(whole.format())


def line_in(path, info):
    """The last line of a file that an error came through."""
    trace = info[2]
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def execute(source, name):
    """Runs the file as a module of this name."""
    module = types.ModuleType(name)
    module.__file__ = source.path
    module.__package__ = name.rpartition(".")[0]
    # Never instead of another module: a file may be called random.py.
    known = name if name not in sys.modules else "prof settings"
    sys.modules[known] = module
    module.__name__ = known
    eval(compile(source.tree, source.path, "exec", 0, True), module.__dict__)
    return module


def load(source, name):
    """The module; Django is set up where it is needed and known how."""
    can = bool(os.environ.get("DJANGO_SETTINGS_MODULE"))
    is_set_up = can and source.needs_django()
    if is_set_up:
        set_up_django()
    while True:
        try:
            return execute(source, name), is_set_up
        except SystemExit as error:
            said = "it ended itself with sys.exit(%s) while it was loaded" % ("" if error.code is None else error.code)
            raise Bad(said, "what it printed says why", line_in(source.path, sys.exc_info()))
        except BaseException as error:
            info = sys.exc_info()
            kinds = [kind.__name__ for kind in type(error).__mro__]
            unready = "ImproperlyConfigured" in kinds or "AppRegistryNotReady" in kinds
            if unready and can and not is_set_up:
                is_set_up = True
                sys.modules.pop(name, None)
                set_up_django()
                continue
            hint = ""
            if unready or isinstance(error, ImportError):
                hint = "start prof in the game's folder, and with the Python of the game (--python)"
            raise Bad("loading it failed: " + in_short(error), hint, line_in(source.path, info), trace_of(info))
