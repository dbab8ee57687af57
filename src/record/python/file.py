# Files: the dump, which appears whole or not at all, and what prof is told.
from_system = os.fsdecode if PYTHON_3 else lambda path: path
O_CLOEXEC = getattr(posix, "O_CLOEXEC", 0)
files = posix.open, posix.write, posix.close, posix.fsync, posix.rename, posix.unlink
file_open, file_write, file_close, file_sync, file_rename, file_remove = files
readlink, listdir = posix.readlink, posix.listdir
O_NEW = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | O_CLOEXEC
O_MORE = posix.O_WRONLY | posix.O_APPEND | O_CLOEXEC


def write_all(descriptor, data):
    data = memoryview(data)
    while len(data):
        data = data[file_write(descriptor, data) :]


def write_file(path, data):
    folder, name = path.rsplit(b"/", 1)
    temporary = folder + b"/." + name + b"." + number_text(getpid()) + CONFIG["suffix"]
    try:
        descriptor = file_open(temporary, O_NEW, 0o666)
    except OSError as error:
        # Left by a process of the same number.
        if error.errno != 17:
            raise
        file_remove(temporary)
        descriptor = file_open(temporary, O_NEW, 0o666)
    try:
        try:
            write_all(descriptor, data)
            file_sync(descriptor)
        finally:
            file_close(descriptor)
        file_rename(temporary, path)
    except BaseException:
        try:
            file_remove(temporary)
        except OSError:
            # Why it could not be written matters more than what is left of it.
            pass
        raise


def number_text(number):
    text = "%d" % number
    return text.encode("ascii") if PYTHON_3 else text


def hex_text(path):
    """What holds any byte but 0, for a line."""
    return "".join("%02x" % byte for byte in bytearray(path))


def tell(kind, *words):
    """A line for prof: what, which process, numbers or a text. Where prof is gone nobody listens."""
    status = CONFIG["status"]
    try:
        # By then the number may be that of another process.
        if CONFIG["token"] not in readlink(status):
            return
        line = " ".join([kind, "%d" % getpid()] + [str(word) for word in words]).replace("\n", " ") + "\n"
        if PYTHON_3:
            line = line.encode("utf-8", "surrogateescape")
        descriptor = file_open(status, O_MORE)
        try:
            file_write(descriptor, line)
        finally:
            file_close(descriptor)
    except (OSError, UnicodeError):
        pass


def memory():
    """Resident bytes; 0 where the system does not say."""
    try:
        return int(read_start(b"/proc/self/statm").split()[1]) * PAGE
    except (OSError, IndexError, ValueError):
        return 0


def peak_memory():
    """The most resident bytes until now; 0 where the system does not say."""
    try:
        return int(read_start(b"/proc/self/status").split(b"VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        return 0


def read_start(path):
    descriptor = file_open(path, posix.O_RDONLY | O_CLOEXEC)
    try:
        return posix.read(descriptor, 4096)
    finally:
        file_close(descriptor)


PAGE = posix.sysconf("SC_PAGESIZE")
