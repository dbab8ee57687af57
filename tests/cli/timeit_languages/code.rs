//! The same code in each language.

/// A language, and code in it.
pub(super) struct Language {
    /// What it needs on the path.
    pub(super) program: &'static str,
    /// How it is asked for.
    pub(super) options: &'static [&'static str],
    /// What reports call it.
    pub(super) runtime: &'static str,
    /// What errors call it.
    pub(super) name: &'static str,
    /// Takes at least 2 ms.
    pub(super) sleep: (&'static str, &'static str),
    /// A setup, and a statement with `{n}` times the work.
    pub(super) work: (&'static str, &'static str),
    /// Prints `hello`.
    pub(super) print: (&'static str, &'static str),
    /// Ends the process with exit code 3.
    pub(super) exit: (&'static str, &'static str),
    /// Never ends.
    pub(super) endless: &'static str,
    /// Cannot be compiled, in its second line.
    pub(super) invalid: &'static str,
    /// Fails in its second line, as the setup has it; and how that is told.
    pub(super) fails: (&'static str, &'static str, &'static str),
    /// Leaves the loop.
    pub(super) leaves: &'static str,
}

pub(super) const NODE: Language = Language {
    program: "node",
    options: &["--lang", "node"],
    runtime: "Node.js ",
    name: "JavaScript",
    sleep: (
        "const b = new Int32Array(new SharedArrayBuffer(4))",
        "Atomics.wait(b, 0, 0, 2)",
    ),
    work: ("let x = 1", "for (let i = 0; i < {n}; i++) x = x * 3 % 7"),
    print: ("", "console.log('hello')"),
    exit: ("", "process.exit(3)"),
    endless: "for (;;);",
    invalid: "1 +\n)",
    fails: (
        "function f(x) {\n  return x.y.z\n}",
        "\nf(1)",
        "\n    at <stmt>:2:1\n",
    ),
    leaves: "throw 5",
};

pub(super) const RUBY: Language = Language {
    program: "ruby",
    options: &["--lang", "ruby"],
    runtime: "Ruby ",
    name: "Ruby",
    sleep: ("", "sleep 0.002"),
    work: ("x = 1", "{n}.times { x = x * 3 % 7 }"),
    print: ("", "$stdout.write(\"hello\\n\")"),
    exit: ("", "exit!(3)"),
    endless: "loop {}",
    invalid: "1 +\n)",
    fails: ("def f(x)\n  1 / x\nend", "\nf(0)", "\n from <stmt>:2\n"),
    leaves: "return",
};

pub(super) const C: Language = Language {
    program: "cc",
    options: &["--lang", "c"],
    runtime: "gcc ",
    name: "C",
    sleep: ("#include <unistd.h>", "usleep(2000)"),
    work: (
        "volatile int x = 1;",
        "for (int i = 0; i < {n}; i++) x = x * 3 % 7;",
    ),
    print: ("#include <stdio.h>", "puts(\"hello\");"),
    exit: ("#include <stdlib.h>", "exit(3)"),
    endless: "for (;;);",
    invalid: "1 +\nnothing",
    fails: (
        "",
        "*(volatile int *)0 = 1;",
        "killed by signal 11 (SIGSEGV: a segmentation fault)",
    ),
    leaves: "break;",
};

pub(super) const RUST: Language = Language {
    program: "rustc",
    options: &["--lang", "rust"],
    runtime: "rustc ",
    name: "Rust",
    sleep: ("", "std::thread::sleep(std::time::Duration::from_millis(2))"),
    work: (
        "let mut x = 1u32;",
        "for _ in 0..{n} { x = std::hint::black_box(x) * 3 % 7; }",
    ),
    print: ("", "println!(\"hello\")"),
    exit: ("", "std::process::exit(3)"),
    endless: "loop {}",
    invalid: "1 +\nnothing",
    fails: (
        "let v = vec![1];\nlet at = 3;",
        "\nv[at]",
        ":\nindex out of bounds: the len is 1 but the index is 3\n",
    ),
    leaves: "break;",
};

pub(super) const PERL: Language = Language {
    program: "perl",
    options: &["--config", "examples/workers/prof.toml", "--lang", "perl"],
    runtime: "Perl ",
    name: "Perl",
    sleep: ("", "select undef, undef, undef, 0.002"),
    work: ("my $x = 1;", "for my $i (1 .. {n}) { $x = $x * 3 % 7 }"),
    print: ("", "syswrite STDOUT, \"hello\\n\""),
    exit: ("", "exit 3"),
    endless: "while (1) {}",
    invalid: "use strict;\n$nothing = 1",
    fails: ("", "\ndie 'oh no'", "oh no at <stmt> line 2.\n"),
    leaves: "last",
};

pub(super) const ALL: [Language; 5] = [NODE, RUBY, C, RUST, PERL];
