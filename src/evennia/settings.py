"""Tells, as one line of JSON on standard output, what the settings of an Evennia game say.

The game's folder is the working folder, the name of the settings module the first argument. What the settings print
goes to standard error: standard output is for the answer alone.
"""
import json
import os
import sys


def answer(value):
    os.write(channel, (json.dumps(value) + "\n").encode("ascii"))
    sys.stderr.flush()
    # Threads that the settings began must not keep us.
    os._exit(0)


def lines_of(error):
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


channel = os.dup(1)
os.dup2(2, 1)
name = sys.argv[1]
sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = name
try:
    import evennia
except ImportError as error:
    answer({"no_evennia": str(error), "python": sys.version.split()[0]})
try:
    __import__(name)
    settings = sys.modules[name]
except BaseException as error:
    answer({"broken": lines_of(error)})


def get(setting, otherwise=None):
    return getattr(settings, setting, otherwise)


def port(value):
    return value if isinstance(value, int) else None


answer({
    "python": sys.version.split()[0],
    "evennia": str(getattr(evennia, "__version__", "")),
    "name": str(get("SERVERNAME", "")),
    "telnet": bool(get("TELNET_ENABLED", True)),
    "ports": [value for value in map(port, get("TELNET_PORTS", [])) if value],
    "interfaces": [str(value) for value in get("TELNET_INTERFACES", [])],
    "mixin": hasattr(settings, "DUMMYRUNNER_MIXIN"),
    "dummyrunner": str(get("DUMMYRUNNER_SETTINGS_MODULE", "") or ""),
})
