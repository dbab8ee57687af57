# Signals. A handler of ours stands only where a signal would end the program, and the program sees none of them: it
# is told what it would be told without us.
HIDDEN = {}
ENDING = [number for number in (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT)]
# With --keep-running: what the program has for SIGINT, until the first has ended the recording.
KEPT = []


def on_end(number, frame):
    if not finish("signal"):
        State.after = number
        return
    end_now(number)


def on_demand(number, frame):
    if not CLOCK.ring() or not LOCKED:
        in_main("asked")


def on_asked(number, frame):
    what, State.asked = State.asked, None
    if what == "limit":
        finish("limit")
    elif what:
        in_main(what)


def in_main(why):
    """A snapshot here, unless this thread is writing one."""
    if State.busy is None and RECORDER.running and SAVING.acquire(False):
        State.busy = get_ident()
        try:
            save(why)
        finally:
            State.busy = None
            SAVING.release()
        if State.after:
            end_now(State.after)
        interrupt_again()


def on_first_interrupt(number, frame):
    if State.interrupted or State.busy == get_ident():
        # Another one before the first is done with, or one amid a snapshot.
        State.interrupted_again = True
        return
    State.interrupted = True
    try:
        finish("interrupt")
        tell("kept")
    finally:
        handler = KEPT.pop()
        HIDDEN.pop(_signal.SIGINT, None)
        set_signal(_signal.SIGINT, handler)
    interrupt_again()


def interrupt_again():
    if State.interrupted_again:
        State.interrupted_again = False
        kill(getpid(), _signal.SIGINT)


def set_signal(number, handler):
    try:
        ours = HIDDEN.get(number)
        ends = number in ENDING and handler == _signal.SIG_DFL and RECORDER.running
    except (TypeError, ValueError):
        return real_signal(number, handler)
    if ours is on_first_interrupt and RECORDER.running:
        # Checks the handler and the thread, and is undone before the next signal can be handled.
        release = held_signals()
        try:
            real_signal(number, handler)
            real_signal(number, ours)
        finally:
            release()
        before, KEPT[0] = KEPT[0], handler
        return before
    before = real_signal(number, on_end if ends else handler)
    if ends:
        HIDDEN[number] = on_end
    return _signal.SIG_DFL if before is not None and before is ours else before


def get_signal(number):
    handler = real_getsignal(number)
    try:
        ours = HIDDEN.get(number)
    except TypeError:
        return handler
    if ours is not None and handler is ours:
        return KEPT[0] if ours is on_first_interrupt else _signal.SIG_DFL
    return handler


def watch_signals():
    wanted = [(number, on_end) for number in ENDING]
    wanted += [(_signal.SIGUSR1, on_demand), (ASK, on_asked)]
    for number, handler in wanted:
        if real_getsignal(number) == _signal.SIG_DFL:
            real_signal(number, handler)
            HIDDEN[number] = handler
    if CONFIG["keep_running"] and real_getsignal(_signal.SIGINT) != _signal.SIG_IGN:
        KEPT.append(get_signal(_signal.SIGINT))
        HIDDEN[_signal.SIGINT] = on_first_interrupt
        real_signal(_signal.SIGINT, on_first_interrupt)
    PASSED.update("<built-in %s>" % name for name in ("function signal", "method _signal.signal", "method _signal.getsignal"))
    _signal.signal, _signal.getsignal = set_signal, get_signal
