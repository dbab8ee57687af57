# Records a program for prof, from within: CPython 2.7, 3.6 and later, nothing but the standard library.
#
# prof puts the parts of this folder behind each other into one module, with CONFIG before them. What it uses is
# taken at its start, since the program may replace anything later.
import gc
import os
import posix
import sys
import time
from marshal import dumps


import _lsprof
from _functools import partial

PYTHON_3 = sys.version_info[0] > 2
if PYTHON_3:
    import _signal
    import _thread
    from _operator import methodcaller
else:
    import signal as _signal
    import thread as _thread
    from operator import methodcaller

clock, sleep = getattr(time, "perf_counter", time.time), time.sleep

# The module leaves sys.modules; Python 2 empties one that nobody holds.
SELF = sys.modules[__name__]
MONITORING = getattr(sys, "monitoring", None)
getpid, get_ident, kill = posix.getpid, _thread.get_ident, posix.kill
FILE = (lambda: 0).__code__.co_filename
Profiler = _lsprof.Profiler
# Built-in functions that the program calls through a wrapper of ours: such calls are its own.
PASSED = set()


def label(code):
    if isinstance(code, str):
        return "~", 0, code
    return code.co_filename, code.co_firstlineno, code.co_name


def is_ours(code):
    return getattr(code, "co_filename", None) == FILE


def entries_of(profiler):
    """What a profiler holds, while it may go on. Collecting garbage meanwhile would run code that changes it; since
    3.12 that happens only between bytecodes. No other thread runs within the one call."""
    if MONITORING or not gc.isenabled():
        return profiler.getstats()
    return list(map(methodcaller("__call__"), (gc.disable, profiler.getstats, gc.enable)))[1]


def add(entries, rows):
    """Adds entries of a profiler to rows: function -> [primitive, total, own, cumulative, callers]."""
    for entry in entries:
        if not is_ours(entry.code):
            row = row_of(entry.code, rows)
            row[0] += entry.callcount - entry.reccallcount
            row[1] += entry.callcount
            row[2] += entry.inlinetime
            row[3] += entry.totaltime
    for entry in entries:
        for call in entry.calls or ():
            if is_ours(call.code):
                continue
            row = row_of(call.code, rows)
            if is_ours(entry.code):
                if isinstance(call.code, str) and call.code not in PASSED:
                    row[0] -= call.callcount - call.reccallcount
                    row[1] -= call.callcount
                    row[2] -= call.inlinetime
                    row[3] -= call.totaltime
                continue
            edge = row[4].setdefault(label(entry.code), [0, 0, 0.0, 0.0])
            edge[0] += call.callcount
            edge[1] += call.callcount - call.reccallcount
            edge[2] += call.inlinetime
            edge[3] += call.totaltime


def row_of(code, rows):
    key = label(code)
    row = rows.get(key)
    if row is None:
        row = rows[key] = [0, 0, 0.0, 0.0, {}]
    return row


def merge(more, rows):
    for key, (primitive, total, own, cumulative, callers) in more.items():
        row = rows.setdefault(key, [0, 0, 0.0, 0.0, {}])
        row[0] += primitive
        row[1] += total
        row[2] += own
        row[3] += cumulative
        for caller, calls in callers.items():
            edge = row[4].setdefault(caller, [0, 0, 0.0, 0.0])
            for place in range(4):
                edge[place] += calls[place]


def as_pstats(rows):
    """The dict of a dump."""
    return {
        key: (row[0], row[1], max(row[2], 0.0), max(row[3], 0.0), {caller: tuple(edge) for caller, edge in row[4].items()})
        for key, row in rows.items()
        if row[1] > 0
    }
