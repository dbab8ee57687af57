# The cost: what the profiler adds to a call and to code without calls, measured before the program begins. All of it
# is forgotten before the recording starts, and takes two milliseconds or so.
ROUNDS = 9
NUMBERS = tuple(range(100))
TABLE, TEXT = {}, "text"
processor_time = getattr(time, "process_time", None) or time.clock


def called(number):
    return number


class Called(object):
    def called(self, number):
        return number


CALLED = Called()


# Several functions in turn, as programs have them: the profiler finds the one it has just seen faster.
def with_calls(numbers):
    for number in numbers:
        called(number)
        CALLED.called(number)


def with_builtin_calls(numbers):
    for number in numbers:
        abs(number)
        TABLE.get(number)
        len(numbers)
        TEXT.isdigit()


def without_calls(numbers):
    total = 0
    for number in numbers:
        total = (total * 31 + number) % 1000003


WORKS = with_calls, with_builtin_calls, without_calls
# In each of them, for each number.
CALLS = 2, 4


def take_times(times):
    for place, work in enumerate(WORKS):
        began = clock()
        work(NUMBERS)
        times[place].append(clock() - began)


def median(times):
    # The program will not run in the calmest moments alone.
    return sorted(times)[len(times) // 2]


def prices():
    """What a call of a Python function costs without a profiler, and more with it, in nanoseconds; the same of a
    built-in function; how long code without calls takes, in thousandths of the time without a profiler."""
    alone, heard = [[] for _ in WORKS], [[] for _ in WORKS]
    trial = Recorder()
    for _ in range(ROUNDS):
        take_times(alone)
        trial.main, trial.thread = Profiler(), get_ident()
        trial.hear()
        try:
            take_times(heard)
        finally:
            trial.hear_no_more()
    alone, heard, told = list(map(median, alone)), list(map(median, heard)), []
    for before, after, calls in zip(alone, heard, CALLS):
        told += [int(taken / len(NUMBERS) / calls * 1e9) for taken in (before, max(after - before, 0.0))]
    return tuple(told) + (int(max(heard[2] / alone[2], 1.0) * 1000) if alone[2] > 0 else 1000,)


class Prices(object):
    unknown = now = 0, 0, 0, 0, 1000

    def take(self):
        """Before the recording starts."""
        try:
            self.now = prices()
        except Exception:
            # The recording does not need it.
            pass

    def forget(self):
        """Calls are heard in another way now, which is dearer, and was not measured."""
        self.now = self.unknown


PRICES = Prices()


def work_of(rows):
    """How much was heard: calls of Python functions, of others, microseconds in Python functions themselves."""
    python, builtin, own = 0, 0, 0.0
    for (file, _, _), row in rows.items():
        if file == "~":
            builtin += row[1]
        else:
            python += row[1]
            own += row[2]
    return python, builtin, int(max(own, 0.0) * 1e6)
