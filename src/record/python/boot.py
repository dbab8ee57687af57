# A program whose options keep Python from importing us (-E, -I, -S): we are imported by code that runs in the
# program's place, `with start: exec(start.code(globals()))`, and hand it the program. One frame stays below it.
class Start(object):
    # Frames below the program's; all of them where it does not even compile.
    frames = 1

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None or isinstance(error, SystemExit):
            return
        hook = sys.excepthook

        def show(kind, error, trace):
            sys.excepthook = hook
            for _ in range(self.frames):
                trace = trace and trace.tb_next
            if PYTHON_3:
                error.__traceback__ = trace
            hook(kind, error, trace)

        sys.excepthook = show

    def code(self, names):
        """The program's code, for the names of its main module; recording has begun."""
        kind, value = CONFIG["program"]
        value = from_system(value)
        tidy()
        for name in ("start", "sys"):
            del names[name]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[1:] = [from_system(word) for word in CONFIG["words"]]
        # Python has put it there for code, unless it was told not to.
        has_folder = sys.path[:1] == [""]
        if kind == "script":
            if has_folder:
                sys.path[0] = os.path.dirname(os.path.realpath(value))
            program = self.script(self.shown(value), names)
        elif kind == "code":
            program = self.compiled(value, "<string>")
        else:
            module = kind == "module"
            if module and has_folder and sys.version_info >= (3, 7):
                sys.path[0] = os.getcwd()
            elif not module:
                sys.path[: 1 if has_folder else 0] = [value]
            self.frames = 2
            run = "__import__('runpy')._run_module_as_main(%r, %r)"
            program = compile(run % ((value, True) if module else ("__main__", False)), "<prof>", "exec")
        # Since 3.13 tracebacks show the lines of code, which would be ours.
        lines = getattr(sys.modules.get("linecache"), "cache", {})
        if lines.pop("<string>", None) and kind == "code":
            lines["<string>"] = len(value), None, [line + "\n" for line in value.splitlines()], "<string>"
        if kind != "code":
            sys.argv[0] = "-m" if kind == "module" else value
        begin()
        return program

    def shown(self, path):
        """As Python names the main program's file."""
        if sys.version_info < (3, 9) or path.startswith("/"):
            return path
        return os.getcwd() + "/" + (path[2:] if path.startswith("./") else path)

    def script(self, path, names):
        descriptor = file_open(path, posix.O_RDONLY | O_CLOEXEC)
        text = b""
        try:
            while True:
                part = posix.read(descriptor, 1 << 20)
                if not part:
                    break
                text += part
        finally:
            file_close(descriptor)
        names["__file__"] = path
        if PYTHON_3:
            names["__cached__"] = None
            names["__loader__"] = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", path)
        return self.compiled(text, path)

    def compiled(self, text, path):
        try:
            return compile(text, path, "exec", 0, True)
        except BaseException:
            self.frames = 1000
            # It leaves a dump, as it does where Python finds the error.
            begin()
            raise
