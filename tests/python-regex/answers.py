"""The Python side of differential.py: answers the lines that answers.rs does, by this Python's `re`.

Runs under 2.7 and 3.6 on. A search that takes long, or that needs too much stack, is answered with `?`.
"""
import re
import signal
import sys
import warnings

warnings.simplefilter("ignore")


class Slow(BaseException):
    pass


def on_alarm(*_):
    raise Slow()


def decode(text):
    data = bytearray.fromhex(text if sys.version_info[0] > 2 else text.decode("ascii"))
    if sys.version_info[0] == 2:
        return bytes(data)
    return bytes(data).decode("utf-8", "surrogatepass")


def compiled(pattern):
    try:
        return re.compile(pattern), None
    except re.error:
        return None, "I"
    except (Slow, MemoryError):
        return None, "?"
    except OverflowError as error:
        return None, "O" if "repetition" in str(error) else "R:OverflowError"
    except Exception as error:
        name = type(error).__name__
        return None, "?" if name == "RecursionError" else "R:" + name


def answer(pattern, texts):
    signal.setitimer(signal.ITIMER_REAL, 3)
    expression, failure = compiled(pattern)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if failure:
        return failure
    found = "V"
    for text in texts:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            found += "1" if expression.search(text) else "0"
        except (Slow, MemoryError, RuntimeError):
            found += "?"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return found


def main():
    signal.signal(signal.SIGALRM, on_alarm)
    for line in iter(sys.stdin.readline, ""):
        _, pattern, texts = line.rstrip("\n").split(" ")
        print(answer(decode(pattern), [decode(text) for text in texts.split(",")]))
        sys.stdout.flush()


main()
