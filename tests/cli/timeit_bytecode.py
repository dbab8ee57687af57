"""Compares what prof's worker compiles with what this interpreter's timeit compiles, for snippets that are hard to
get right. Arguments: worker.py and more.py. Prints how many snippets were compared; complains of each difference."""
import sys
import timeit

CODE = type(compile("", "", "exec"))
FIELDS = (
    "co_name co_qualname co_code co_names co_varnames co_freevars co_cellvars co_argcount co_kwonlyargcount "
    "co_posonlyargcount co_nlocals co_flags co_stacksize co_firstlineno co_exceptiontable"
).split()


def parts(code):
    """All of a code object but its file and its columns: those are the user's own in the worker's."""
    found = [getattr(code, name) for name in FIELDS if hasattr(code, name)]
    found.append(list(code.co_lines()) if hasattr(code, "co_lines") else code.co_lnotab)
    for constant in code.co_consts:
        found.append(parts(constant) if isinstance(constant, CODE) else (type(constant).__name__, repr(constant)))
    return found


SNIPPETS = [
    ("pass", "pass"),
    ("a = []", "for i in range(100):\n    a.append(i)"),
    ("pass", "[i for i in range(100)]"),
    ("x = 1\ny = 2", "x + y"),
    ("x = 1\n\n\ny = 2\n", "x + y\n\n\nx - y"),
    ("def f(x):\n    def g():\n        return x\n    return g", "f(1)()"),
    ("class A:\n    x = 1\n    def m(self):\n        return self.x", "class B(A):\n    y = 2\nB().m()"),
    ("f = lambda x: x + 1", "sorted([3, 2, 1], key=lambda v: f(v))"),
    ("pass", "try:\n    x = 1\nexcept ValueError as e:\n    pass\nelse:\n    y = 2\nfinally:\n    z = 3"),
    ("import os", "with open(os.devnull) as f:\n    for line in f:\n        continue"),
    ("global q\nq = 1", "q += 1"),
    ("pass", "global q\nq = 1"),
    ("a = 1", "b = 2\ndel b"),
    ("pass", "while True:\n    if 1:\n        break\n    else:\n        continue"),
    ("n = 0", "while n:\n    try:\n        break\n    except Exception:\n        raise"),
    ("pass", "def g():\n    yield 1\n    yield 2\nfor v in g(): pass"),
    ("pass", "x = {k: v for k, v in zip('ab', 'cd')}\ny = {i for i in x}\nz = list(i for i in y if i)"),
    ("'doc'", "'only'"),
    ("import os, sys\nfrom os import path as p", "p.join('a', 'b'); os.getpid()"),
    ("x = [1]", "x[0] += 1; x[-1:] = [2]\nassert x, 'm'"),
    ("pass", "if 0:\n    a = 1\nelif 1:\n    a = 2\nelse:\n    a = 3"),
    ("pass", "try:\n    for i in range(3):\n        try:\n            continue\n        finally:\n            pass\nfinally:\n    pass"),
    ("# comment\npass", "pass # c"),
    ("pass", "a = 1; b = 2\n\n\nc = (a +\n     b)\n"),
    ("def deco(f): return f", "@deco\ndef h(a, b=1, *c, **d):\n    '''doc'''\n    return a\nh(1)"),
    ("pass", "x = 1 if [] else 2\nnot x and x or 3"),
    ("pass", "a, (b, c) = 1, (2, 3)\nx = '%d %s' % (1, 'a')\nx = u'\\xe9' + u'e'"),
    ("pass", "for i in ():\n    pass\nelse:\n    i = 0"),
]
if sys.version_info >= (3,):
    SNIPPETS += [
        ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g", "f()()"),
        ("x: int = 1", "f'{x!r:>{10}} {x + 1}'"),
        ("async def c():\n    async with a as b:\n        await b\n    return [x async for x in y]", "c().close()"),
        ("def k(a, *, b): pass", "k(1, b=2)\n*a, b = range(3)"),
        ("pass", "try:\n    raise ValueError from None\nexcept (ValueError, KeyError):\n    pass"),
    ]
if sys.version_info >= (3, 8):
    SNIPPETS += [
        ("pass", "if (y := 1) > 0:\n    z = [w := i for i in range(3)]"),
        ("def f(a, /, b): pass", "f'{1=}'"),
    ]
if sys.version_info >= (3, 10):
    SNIPPETS += [
        ("# only a comment\npass", "# only a comment"),
        ("v = [1, 2]", "match v:\n    case [1, x]:\n        pass\n    case {'a': 1, **r}:\n        pass\n    case _:\n        pass"),
        ("import os", "with (open(os.devnull) as a,\n      open(os.devnull) as b):\n    pass"),
    ]
if sys.version_info >= (3, 11):
    SNIPPETS += [("pass", "try:\n    pass\nexcept* ValueError:\n    pass")]
if sys.version_info >= (3, 12):
    SNIPPETS += [("type X = int", "def f[T](x: T) -> T: return x\nclass C[T]: pass")]

# Strings of several lines: timeit indents them anew, which changes them; the worker must not.
TRIPLE = "'" * 3
WHOLE = "x = '''a\n  b\n'''\nassert x == 'a\\n  b\\n'"

worker = {"__name__": "prof"}
for name in sys.argv[1:]:
    with open(name) as file:
        exec(compile(file.read(), "<prof>", "exec"), worker)
worker["WORKER"] = worker["Worker"]


def compiled(setup, statement, is_text):
    """The loop, by the one or the other way in which the worker compiles."""
    case = worker["Case"](0, 0, setup, statement)
    code = case.text() if is_text else worker["tree"](case)
    if code is None:
        return None
    found = {}
    eval(code, {}, found)
    return found["inner"]


for setup, statement in SNIPPETS:
    theirs = parts(timeit.Timer(statement, setup).inner.__code__)
    for is_text in True, False:
        inner = compiled(setup, statement, is_text)
        if inner is None:
            # Only what has lines in a string, or may have.
            assert TRIPLE in statement or "f'" in statement, statement
            continue
        ours = parts(inner.__code__)
        if ours != theirs:
            print("differs, text %s: %r %r" % (is_text, setup, statement))
            for our, their in zip(ours, theirs):
                if our != their:
                    print("    %r\n    %r" % (our, their))
for setup, statement in (WHOLE, "pass"), ("pass", WHOLE):
    assert compiled(setup, statement, True) is None
    compiled(setup, statement, False)(iter([None]), int)
print("%d snippets" % len(SNIPPETS))
