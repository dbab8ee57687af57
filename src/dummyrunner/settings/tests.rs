//! Files in the Python that is on the path.

use super::protocol::{Line, Reader, push_call, push_connected};
use super::*;
use std::fs;
use std::io::{Read as _, Write as _};

/// What a test adds the thing to that it is about.
const PLAIN: &str = "
def login(client): return ('connect me pw',)
def logout(client): return ('quit',)
def look(client): return ('look',)
ACTIONS = (login, logout, (1, look))
";

/// A Python 3. Without one the test says so and passes, but fails under CI.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn python() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("python3"))
        .find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no python3 on PATH");
        eprintln!("skipped: no python3 on PATH");
    }
    found
}

/// A folder with these files, and how the first is loaded.
fn files(files: &[(&str, &str)]) -> Option<(tempfile::TempDir, Source)> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let source = Source {
        python: python()?,
        game: None,
        module: folder.path().join(files[0].0).into(),
        profile: None,
    };
    Some((folder, source))
}

fn load_quietly(source: &Source) -> Result<Loaded, Error> {
    load(source, 7, 1, &mut |_| {})
}

/// Lines of a call's answer as a test writes them: commands, `!` and the note for a failure.
struct Caller {
    loaded: Loaded,
    reader: Reader,
    asks: u32,
    notes: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Caller {
    fn new(text: &str) -> Option<Caller> {
        let (folder, source) = files(&[("a.py", text)])?;
        let loaded = load_quietly(&source).unwrap_or_else(|error| panic!("{error}\n{}", error.trace()));
        Some(Caller {
            loaded,
            reader: Reader::default(),
            asks: 0,
            notes: Vec::new(),
            _folder: folder,
        })
    }

    fn connect(&mut self, dummy: u32) {
        let mut line = Vec::new();
        push_connected(&mut line, dummy);
        self.loaded.channels[0].write_all(&line).expect("it listens");
    }

    /// Commands; `None`: the function failed.
    fn call(&mut self, dummy: u32, function: u32, istep: u32) -> Option<Vec<String>> {
        self.asks += 1;
        let (ask, mut line) = (self.asks, Vec::new());
        push_call(&mut line, dummy, ask, function, istep);
        self.loaded.channels[0].write_all(&line).expect("it listens");
        let mut answer = None;
        let mut buffer = [0; 65536];
        while answer.is_none() {
            let count = self.loaded.channels[0].read(&mut buffer).expect("it speaks");
            assert!(count > 0, "the helper ended");
            let notes = &mut self.notes;
            let each = |line: Line<'_>| match line {
                Line::Answer {
                    dummy: of,
                    ask: to,
                    result,
                } => {
                    assert_eq!((of, to), (dummy, ask));
                    answer = Some(result);
                }
                Line::Note(text) => notes.push(String::from_utf8(text).expect("text")),
                Line::Hopeless => notes.push("hopeless".into()),
                Line::Noise(line) => panic!("{line:?}"),
            };
            assert!(self.reader.feed(&buffer[..count], each));
        }
        let mut commands = answer?.ok()?;
        let mut texts = Vec::new();
        while let Some(first) = commands.first() {
            texts.push(String::from_utf8(first.to_vec()).expect("text"));
            commands.advance();
        }
        Some(texts)
    }
}

#[test]
fn constants_functions_and_weights_are_read() {
    let text = "
import random
from fractions import Fraction
TIMESTEP = Fraction(1, 4)
CHANCE_OF_ACTION = 2
CHANCE_OF_LOGIN = True + 0.0
TELNET_PORT = 4444
PROFILE = 'mine'
class Bot(object):
    def __call__(self, client): return 'look'
def login(client): return 'a'
def logout(client): return 'b'
ACTIONS = [login, logout, (3, login), (0, Bot()), (0.5, lambda client: 'c')]
";
    let Some(caller) = Caller::new(text) else { return };
    let settings = &caller.loaded.settings;
    assert_eq!(
        (
            settings.timestep,
            settings.chance_of_action,
            settings.chance_of_login
        ),
        (0.25, 1.0, 1.0)
    );
    assert_eq!(
        (settings.port, settings.profile.as_deref()),
        (Some(4444), Some("mine"))
    );
    let functions: Vec<(&str, f64)> = settings
        .functions
        .iter()
        .map(|function| (function.name.as_str(), function.weight))
        .collect();
    let expected = [
        ("login", 0.0),
        ("logout", 0.0),
        ("login (2)", 3.0),
        ("Bot", 0.0),
        ("lambda in line 13", 0.5),
    ];
    assert_eq!(functions, expected);
    assert_eq!(
        settings.warnings,
        [(5, "CHANCE_OF_ACTION is 2, which is taken for 1: always".into())]
    );
    let scenario = settings.scenario();
    assert_eq!(scenario.run.target.as_deref(), Some("127.0.0.1:4444"));
    assert_eq!(scenario.profiles[0].weights, [(0, 3.0), (1, 0.0), (2, 0.5)]);
}

#[test]
fn what_functions_return_becomes_commands() {
    let check = |returned: &str, expected: Option<&[&str]>| {
        let text = PLAIN.replace("return ('look',)", returned);
        let Some(mut caller) = Caller::new(&text) else {
            return;
        };
        let found = caller.call(0, FIRST_ACTION, 0);
        let expected = expected.map(|texts| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected, "{returned}: {:?}", caller.notes);
        assert_eq!(caller.notes.len(), usize::from(found.is_none()));
    };
    check("return 'look here'", Some(&["look here"]));
    check("return ('look')", Some(&["look"]));
    check("return ('look', 'say h\u{e4}')", Some(&["look", "say h\u{e4}"]));
    check("return ['look'] * 3", Some(&["look", "look", "look"]));
    check("return (word for word in ('a', 'b'))", Some(&["a", "b"]));
    check("yield 'a'; yield 'b'", Some(&["a", "b"]));
    check("return {'a': 1}", Some(&["a"]));
    check("return ('say', 5, 1.5)", Some(&["say", "5", "1.5"]));
    check("return 'a\\nb\\r\\nc'", Some(&["a", "b", "c"]));
    check("return 'a\\x1b[2J\\tb'", Some(&["a[2Jb"]));
    check("return ('',)", Some(&[""]));
    check("return '{timestamp} {x}'", Some(&["{timestamp} {x}"]));
    check("return None", Some(&[]));
    check("return ()", Some(&[]));
    check("pass", Some(&[]));
    check("return 5", None);
    check("return b'look'", None);
    check("return ('look', None)", None);
    check("return (('look',),)", None);
    check("return '\\ud800'", None);
    check("return iter(int, 1)", None);
    check("raise SystemExit(1)", None);
    check("yield 'a'; 1/0", None);
}

#[test]
fn clients_have_what_functions_use() {
    let text = PLAIN.replace(
        "return ('look',)",
        "
    if client.istep == 0: client.mine = client.counter()
    client.exits.append('e%d' % client.istep)
    return (client.key, client.cid, client.gid, client.mine, client.counter(), ' '.join(client.exits + client.objs),
        '%d' % (client.action_started > 1e9), '%d' % (client.connection_timestamp > 1e9), client.connection_attempt)",
    );
    let Some(mut caller) = Caller::new(&text) else {
        return;
    };
    caller.connect(11);
    let first = caller.call(11, FIRST_ACTION, 0).expect("commands");
    let second = caller.call(11, FIRST_ACTION, 5).expect("commands");
    assert_eq!(first[..2], ["Dummy-012", "012"]);
    let stamp = first[2]
        .strip_suffix("_012")
        .expect("the stamp before the number");
    assert!(
        stamp.len() == 14 && stamp.bytes().all(|byte| byte.is_ascii_digit()),
        "{stamp}"
    );
    assert_eq!((&first[3], &second[3]), (&first[3], &first[3]));
    assert_ne!(first[3], second[4]);
    assert!(second[4].ends_with("_3"), "{second:?}");
    assert_eq!(first[5..], ["e0", "0", "1", "1"]);
    assert_eq!(second[5..], ["e0 e5", "1", "1", "1"]);
    // A new connection is new to the world.
    caller.connect(11);
    let third = caller.call(11, FIRST_ACTION, 0).expect("commands");
    assert_eq!(third[5], "e0");
    assert!(third[2].ends_with("_012_2"), "{third:?}");
    // Another dummy knows nothing of it.
    caller.connect(2);
    assert_eq!(caller.call(2, FIRST_ACTION, 0).expect("commands")[1], "003");
}

#[test]
fn a_function_that_fails_is_told_once_and_its_line_named() {
    let text = PLAIN.replace(
        "return ('look',)",
        "\n    print('to nobody')\n    client.transport.write('x')",
    );
    let Some(mut caller) = Caller::new(&text) else {
        return;
    };
    for _ in 0..5 {
        assert_eq!(caller.call(0, FIRST_ACTION, 0), None);
    }
    let note = &caller.notes[0];
    assert!(
        note.contains("a.py, line 4: look failed (told once, then only counted)\nTraceback"),
        "{note}"
    );
    assert!(
        note.contains("line 6, in look") && note.contains("a dummy of prof has no `transport`"),
        "{note}"
    );
    assert!(!note.contains("<prof>\""), "{note}");
    // Three times is enough where there is no other action.
    assert_eq!(caller.notes[1..], ["hopeless"]);
    let printed = caller.loaded.helper.printed();
    let ending = caller.loaded.helper.finish().expect("it ends");
    assert_eq!(
        String::from_utf8_lossy(&printed.take(true)),
        "to nobody\n".repeat(5)
    );
    let look = &ending.functions[2];
    assert_eq!((look.calls, look.errors, look.empty, look.line), (5, 5, 0, 4));
    assert!(look.error.starts_with("AttributeError: "), "{}", look.error);
}

#[test]
fn missing_commas_are_put_in_where_commands_stand_below_each_other() {
    /// The body of the login, its commands, and the lines of warnings; the body begins in line 3.
    fn check(body: &str, commands: &[&str], lines: &[u32]) {
        let text = format!(
            "N = 'me'\ndef login(client):\n{body}\n{}",
            PLAIN.replace("def login", "def other")
        );
        let Some(mut caller) = Caller::new(&text) else {
            return;
        };
        let found = caller.call(0, LOGIN, 0).expect("commands");
        assert_eq!(found, commands, "{body}");
        let warned: Vec<u32> = caller
            .loaded
            .settings
            .warnings
            .iter()
            .map(|(line, _)| *line)
            .collect();
        assert_eq!(warned, lines, "{body}");
    }
    let both = ["create me pw", "connect me pw"];
    check(
        "    return (\n        f\"create {N} pw\"\n        f\"connect {N} pw\"\n    )",
        &both,
        &[4],
    );
    check(
        "    return (\n        'create me pw'  # makes it\n\n        'connect me pw',\n    )",
        &both,
        &[4],
    );
    check("    return ['create me pw'\n 'connect me pw']", &both, &[3]);
    check(
        "    words = ('create me pw'\n    'connect me pw')\n    return words",
        &both,
        &[3],
    );
    check(
        "    return ('create me pw'\n    f'connect {N} pw'\n    '''look''', 'help')",
        &["create me pw", "connect me pw", "look", "help"],
        &[3, 4],
    );
    check("    return 'create me pw' \\\n    'connect me pw'", &both, &[3]);
    check(
        "    '\x0c\u{2028}'\n    return (f\"create {N} pw\"\n    'connect me pw')",
        &both,
        &[4],
    );
    // One command over several lines.
    let one = |body: &str, command: &str| check(body, &[command], &[]);
    one("    return ('say a long '\n    'line')", "say a long line");
    one("    return ('say a long'\n    ' line')", "say a long line");
    one("    return ('py import a;'\n    'a.b()',)", "py import a;a.b()");
    one(
        "    return ('create me pw' 'connect me pw')",
        "create me pwconnect me pw",
    );
    one(
        "    return ('%s look'\n    'at me').replace('%s', 'x')",
        "x lookat me",
    );
    one("    return ('look %s'\n    'at me' % 5)", "look 5at me");
    one("    return str('look'\n    'at me')", "lookat me");
    one(
        "    words = ('look'\n    'at me')\n    words = words + '!'\n    return words",
        "lookat me!",
    );
}

#[test]
fn a_login_of_joined_commands_is_told_where_nothing_can_be_put_in() {
    let text = PLAIN.replace(
        "return ('connect me pw',)",
        "return 'create me pw' + 'connect me pw'",
    );
    let Some(mut caller) = Caller::new(&text) else {
        return;
    };
    assert_eq!(
        caller.call(0, LOGIN, 0),
        Some(vec!["create me pwconnect me pw".to_owned()])
    );
    assert!(caller.notes[0].contains("line 2: login gives one command that looks like several"));
}

#[test]
fn a_profile_is_put_into_the_file() {
    let check = |file: &str, profile: &str, expected: Result<&str, &str>| {
        let text = PLAIN.replace("ACTIONS =", "IDLE =") + file;
        let Some((_folder, mut source)) = files(&[("a.py", &text)]) else {
            return;
        };
        source.profile = Some(profile.into());
        let found = match load_quietly(&source) {
            Ok(loaded) => Ok(loaded.settings.functions[2].name.clone()),
            Err(error) => Err(format!("{error}; {}", error.hint().unwrap_or_default())),
        };
        match expected {
            Ok(name) => assert_eq!(found.as_deref(), Ok(name), "{file}"),
            Err(part) => assert!(
                found.as_ref().is_err_and(|error| error.contains(part)),
                "{found:?}"
            ),
        }
    };
    let chain = "
PROFILE = 'a'
def say(client): return 'say'
if PROFILE == 'a': ACTIONS = IDLE
elif PROFILE in ('b', 'c'): ACTIONS = (login, logout, (1, say))
else:
    import sys
    sys.exit()
";
    check(chain, "a", Ok("look"));
    check(chain, "c", Ok("say"));
    check(
        chain,
        "d",
        Err("a.py`, line 7: it has no profile `d`; its profiles are a, b, c"),
    );
    let table =
        "\nPROFILE = 'a'\nTABLE = {'a': IDLE, 'b': IDLE[:2] + ((1, login),)}\nACTIONS = TABLE[PROFILE]\n";
    check(table, "b", Ok("login (2)"));
    check(table, "x", Err("its profiles are a, b"));
    check(
        "\nACTIONS = IDLE\n",
        "a",
        Err("it has no PROFILE, so there is no profile `a` in it"),
    );
    // Nobody can know these.
    let computed =
        "\nimport sys\nPROFILE = 'a'\nif PROFILE[0] in 'xyz': sys.exit('no such')\nACTIONS = IDLE\n";
    check(computed, "b", Ok("look"));
    check(
        computed,
        "x",
        Err("it ended itself with sys.exit(no such) while it was loaded"),
    );
}

#[test]
fn what_must_be_mended_is_told_with_its_line() {
    let check = |text: &str, expected: &str| {
        let Some((_folder, source)) = files(&[("a.py", text)]) else {
            return;
        };
        let mut said = Vec::new();
        let error = load(&source, 7, 1, &mut |text| said.extend_from_slice(text)).expect_err(text);
        let said = String::from_utf8_lossy(&said);
        let told = format!(
            "{error}; {}; {said}{}",
            error.hint().unwrap_or_default(),
            error.trace()
        );
        assert!(told.contains(expected), "{text}: {told}");
    };
    let with = |line: &str| format!("{PLAIN}{line}\n");
    check("def f(:\n", "a.py`, line 1: it is no Python");
    check("", "a.py`: it sets no ACTIONS; ACTIONS is (login function");
    check(
        &with("TIMESTEP = 0"),
        "line 6: TIMESTEP is 0, and must be from 0.001 to 3600 seconds",
    );
    check(
        &with("TIMESTEP = '1'"),
        "line 6: TIMESTEP is '1', which is no number",
    );
    check(
        &with("CHANCE_OF_ACTION = -1"),
        "line 6: CHANCE_OF_ACTION is -1, and must be from 0 to 1",
    );
    check(
        &with("CHANCE_OF_LOGIN = float('nan')"),
        "CHANCE_OF_LOGIN is nan, which is no number",
    );
    check(
        &with("TELNET_PORT = 70000"),
        "line 6: TELNET_PORT is 70000, and must be None or a port",
    );
    check(&with("ACTIONS = (login, logout)"), "ACTIONS has 2 entries");
    check(&with("ACTIONS = 5"), "line 6: ACTIONS is 5");
    check(
        &with("ACTIONS = (login, 'quit', (1, look))"),
        "entry 2 of ACTIONS is 'quit', and must be a function",
    );
    check(
        &with("ACTIONS = (login, logout, (look, 1))"),
        "the weight in entry 3 of ACTIONS is <function look",
    );
    check(
        &with("ACTIONS = (login, logout, look)"),
        "entry 3 of ACTIONS is <function look",
    );
    check(
        &with("ACTIONS = (login, logout, (-1, look))"),
        "is -1, and must be a number from 0",
    );
    check(
        &with("ACTIONS = (login, logout, (0, look))"),
        "all weights in ACTIONS are 0",
    );
    check(
        &with("import nowhere_at_all"),
        "line 6: loading it failed: ModuleNotFoundError",
    );
    check(&with("raise KeyError('x')"), "KeyError: 'x'");
    check(&with("input()"), "loading it failed: EOFError");
    check(
        &with("import os; print('bye'); os._exit(3)"),
        "it ended with exit code 3; it last said: bye",
    );
    check(
        &with("import os; os.kill(os.getpid(), 9)"),
        "killed by signal 9 (SIGKILL)",
    );
    check(&with("import os; os.closerange(3, 99)"), "while it was loaded");
    check(
        &with("print('x' * 999999); 1/0"),
        " bytes more that the settings file printed are left out)",
    );
}

#[test]
fn a_file_may_fork_print_and_start_programs() {
    let text = PLAIN.to_owned()
        + "
import os, subprocess, sys
print('a' * 9); sys.stderr.write('b\\n')
os.write(1, b'c\\n')
subprocess.call(['echo', 'd'])
if os.fork() == 0: print('in the child')
sys.stdout = sys.stderr = None
";
    let Some(mut caller) = Caller::new(&text) else {
        return;
    };
    assert_eq!(caller.call(0, FIRST_ACTION, 0), Some(vec!["look".to_owned()]));
    let printed = caller.loaded.helper.printed();
    caller.loaded.helper.finish().expect("it ends");
    let printed = String::from_utf8_lossy(&printed.take(true)).into_owned();
    for line in ["aaaaaaaaa\n", "b\n", "c\n", "d\n"] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[test]
fn a_helper_that_never_answers_is_ended() {
    let text = PLAIN.replace("return ('look',)", "\n    print('in')\n    while True: pass");
    let Some(mut caller) = Caller::new(&text) else {
        return;
    };
    let mut line = Vec::new();
    push_call(&mut line, 0, 1, FIRST_ACTION, 0);
    caller.loaded.channels[0].write_all(&line).expect("it listens");
    let printed = caller.loaded.helper.printed();
    while printed.take(false).is_empty() {
        std::thread::yield_now();
    }
    let message = caller.loaded.helper.finish().expect_err("it cannot answer");
    assert_eq!(
        message,
        "one of its functions still ran at the end, and was broken off"
    );
}

#[test]
fn draws_follow_the_seed() {
    let text = "import random\nWORD = str(random.random())\n".to_owned()
        + &PLAIN.replace("'look',", "WORD, str(random.random())");
    let draws = || Caller::new(&text).and_then(|mut caller| caller.call(0, FIRST_ACTION, 0));
    // From Python itself: random.seed(7), then two draws.
    let Some(drawn) = draws() else { return };
    assert_eq!(drawn, ["0.32383276483316237", "0.15084917392450192"]);
}

#[test]
fn django_is_set_up_only_where_it_is_needed() {
    /// What a file sees of a Django and a game that only pretend.
    fn check(text: &str, expected: &str) {
        let settings = format!("{text}\n{PLAIN}").replace("'look',", "SEEN, ");
        let Some((folder, mut source)) = files(&[
            ("server/conf/bots.py", &settings),
            (
                "django/__init__.py",
                "STATE = ['not set up']\ndef setup():\n    import os\n    STATE[:] = [os.environ['DJANGO_SETTINGS_MODULE'], os.getcwd().rpartition('/')[2] != '']\n",
            ),
            (
                "django/errors.py",
                "class ImproperlyConfigured(Exception): pass\n",
            ),
            (
                "world.py",
                "import django\nfrom django.errors import ImproperlyConfigured\nif len(django.STATE) < 2: raise ImproperlyConfigured('no settings')\nNAME = 'Limbo'\n",
            ),
            (
                "evennia/__init__.py",
                "READY = []\ndef _init(): READY.append('ready')\n",
            ),
        ]) else {
            return;
        };
        source.module = "server.conf.bots".into();
        source.game = Some(folder.path().to_owned());
        let loaded = load_quietly(&source).unwrap_or_else(|error| panic!("{error}\n{}", error.trace()));
        let mut caller = Caller {
            loaded,
            reader: Reader::default(),
            asks: 0,
            notes: Vec::new(),
            _folder: folder,
        };
        assert_eq!(
            caller.call(0, FIRST_ACTION, 0),
            Some(vec![expected.to_owned()]),
            "{text}"
        );
    }
    check("import sys\nSEEN = str('django' in sys.modules)", "False");
    check("import django\nSEEN = django.STATE[0]", "server.conf.settings");
    check("from evennia import READY\nSEEN = READY[0]", "ready");
    // What only another module needs is found out by trying.
    check("from world import NAME\nSEEN = NAME", "Limbo");
}

#[test]
fn a_file_that_is_not_here_may_be_in_the_game() {
    let Some((folder, mut source)) = files(&[("conf/bots.py", PLAIN), ("conf/words.py", "")]) else {
        return;
    };
    source.module = "conf/bots.py".into();
    let error = load_quietly(&source).expect_err("it is not here");
    assert!(error.to_string().ends_with("there is no such file"), "{error}");
    source.game = Some(folder.path().to_owned());
    assert_eq!(
        load_quietly(&source)
            .expect("it is there")
            .settings
            .functions
            .len(),
        3
    );
    source.module = "conf.nothing".into();
    let error = load_quietly(&source).expect_err("it is nowhere");
    assert!(
        error.to_string().contains("finds no module of this name"),
        "{error}"
    );
}
