//! What real Pythons answered (the golden file, made by `tests/python-regex/differential.py`), and what must hold for
//! any input.

use proptest::prelude::*;
use serde_json::Value;

use super::{Error, Pattern};
use crate::python::Version;

const fn v(major: u8, minor: u8) -> Version {
    Version { major, minor }
}

const VERSIONS: [Version; 11] = [
    v(2, 7),
    v(3, 6),
    v(3, 7),
    v(3, 8),
    v(3, 9),
    v(3, 10),
    v(3, 11),
    v(3, 12),
    v(3, 13),
    v(3, 14),
    v(3, 15),
];

/// What the golden file calls "all".
const INSTALLED: std::ops::Range<usize> = 0..9;

/// An answer as the golden file writes it: `V` and a digit for each text, or why there is no pattern.
fn answer(pattern: &[u8], texts: &[Vec<u8>], python: Version) -> String {
    match Pattern::new(pattern, python) {
        Ok(pattern) => {
            let found = texts.iter().map(|text| match pattern.is_match(text) {
                Ok(found) => char::from(b'0' + u8::from(found)),
                Err(_) => 'T',
            });
            std::iter::once('V').chain(found).collect()
        }
        Err(Error::Invalid { .. }) => "I".to_owned(),
        Err(Error::Overflow { .. }) => "O".to_owned(),
        Err(Error::Raises { exception, .. }) => format!("R:{exception}"),
        Err(Error::TooHard { .. }) => "T".to_owned(),
    }
}

fn check(pattern: &str, python: Version, text: &str, expected: &str) {
    assert_eq!(
        answer(pattern.as_bytes(), &[text.into()], python),
        expected,
        "{pattern:?} in {text:?}, {python:?}"
    );
}

fn field(value: &Value) -> Vec<u8> {
    if let Some(text) = value.as_str() {
        return text.into();
    }
    let hexadecimal = value["hex"].as_str().expect("text or hexadecimal");
    (0..hexadecimal.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hexadecimal[i..i + 2], 16).expect("digits"))
        .collect()
}

#[test]
fn real_pythons_answer_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/python-regex.jsonl");
    let file = std::fs::read_to_string(path).expect("the golden file is there");
    let mut wrong = Vec::new();
    for line in file.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let pattern = field(&case["p"]);
        let texts: Vec<Vec<u8>> = case["t"].as_array().expect("texts").iter().map(field).collect();
        for (versions, expected) in case["a"].as_object().expect("answers") {
            let expected = expected.as_str().expect("an answer");
            let holds = |python: &&Version| match versions.as_str() {
                "*" => true,
                "3" => !python.is_python2(),
                some => some.split(' ').any(|version| version == python.to_string()),
            };
            for &python in VERSIONS[INSTALLED].iter().filter(holds) {
                let found = answer(&pattern, &texts, python);
                if found != expected {
                    wrong.push(format!("{python:?} {line} gives {found}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn python_3_14_knows_the_small_z_and_a_boundary_less_empty_text() {
    check(r"b\z", v(3, 13), "ab", "I");
    check(r"b\z", v(3, 14), "ab", "V1");
    check(r"b\z", v(3, 14), "ab\n", "V0");
    check(r"[\z]", v(3, 14), "z", "I");
    check(r"\B", v(3, 13), "", "V0");
    check(r"\B", v(3, 15), "", "V1");
    check(r"\b", v(3, 15), "", "V0");
}

#[test]
fn errors_say_where() {
    let error = Pattern::new(b"ab**", v(3, 13)).expect_err("two repeats");
    assert_eq!(
        error,
        Error::Invalid {
            position: 4,
            message: "multiple repeat".to_owned()
        }
    );
    let error = Pattern::new(b"a{4294967295}", v(3, 13)).expect_err("too many");
    assert_eq!(error, Error::Overflow { position: 2 });
}

#[test]
fn surrogates_and_bytes_are_characters() {
    let lone = b"a\xED\xB3\xBFb";
    assert_eq!(answer(br"a[\udc80-\udcff]b", &[lone.to_vec()], v(3, 13)), "V1");
    assert_eq!(answer(br"a\W\S?b", &[lone.to_vec()], v(3, 13)), "V1");
    assert_eq!(answer(lone, &[lone.to_vec(), b"ab".to_vec()], v(3, 13)), "V10");
    // The highest real characters are no surrogates.
    assert_eq!(
        answer(br"[\ud800-\udfff]", &["\u{10FFFF}".into()], v(3, 13)),
        "V0"
    );
    assert_eq!(
        answer(
            br"[\U00010000-\U0010ffff]",
            &["\u{10FFFF}".into(), lone.to_vec()],
            v(3, 13)
        ),
        "V10"
    );
    // In 2.7 a character of UTF-8 is several.
    assert_eq!(
        answer(b"a..b", &["a\u{E9}b".into(), b"a\xFF\x80b".to_vec()], v(2, 7)),
        "V11"
    );
    assert_eq!(answer(b"a..b", &["a\u{E9}b".into()], v(3, 13)), "V0");
}

#[test]
fn long_texts_and_large_counts_agree() {
    let long = "a".repeat(1500);
    check("^a{1500}$", v(3, 13), &long, "V1");
    check("^a{1501}$", v(3, 13), &long, "V0");
    check("a{1501,}", v(3, 13), &long, "V0");
    check("^a{0,1499}$", v(3, 13), &long, "V0");
    check("^a{1,60000}$", v(3, 13), &long, "V1");
    check("^a{0,1499}$", v(3, 13), &long[..999], "V1");
    check("^a{1000,}$", v(3, 13), &long[..999], "V0");
    check("^a{1000,}$", v(3, 13), &long[..1000], "V1");
    check(r"(?<=^a{999})\Z", v(3, 13), &long[..999], "V1");
    check(r"(?<=^a{1000})\Z", v(3, 13), &long[..1000], "V1");
}

#[test]
fn hard_searches_end() {
    check(r"^(?:(a|aa)+)+\1b$", v(3, 13), &"a".repeat(60), "VT");
    check("(?=(a+)+b)a(?<!c)", v(3, 13), &"a".repeat(60), "V0");
}

#[test]
fn deep_and_long_expressions_end() {
    let many = 100_000;
    for open in ["(", "(?:", "[", "(?=", "(?<=", "(?i:", "((", "(?(1)", "(a|"] {
        let open = open.repeat(many);
        for python in VERSIONS {
            assert!(Pattern::new(open.as_bytes(), python).is_err());
        }
    }
    let closed = format!("{}a{}", "(".repeat(many), ")".repeat(many));
    assert!(matches!(
        Pattern::new(closed.as_bytes(), v(3, 13)),
        Err(Error::TooHard { .. })
    ));
    for part in ["a", "a|", "[a-z]", r"\w", "a*", "(?#x)", "(?:a)", "(a)", "(?=a)"] {
        let long = part.repeat(5_000);
        // An answer of any kind is enough.
        let _ = Pattern::new(long.as_bytes(), v(3, 13)).map(|pattern| pattern.is_match(b"some text"));
    }
    let nested = format!("{}a{}", "(?:".repeat(60), "{1,9}){1,9}".repeat(60));
    let _ = Pattern::new(nested.as_bytes(), v(3, 13)).map(|pattern| pattern.is_match(b"aaa"));
}

#[test]
fn nesting_that_means_nothing_costs_nothing() {
    let nested = format!("{}a{}", "(".repeat(90), ")".repeat(90));
    check(&nested, v(3, 13), "xay", "V1");
}

/// Parts that expressions are made of, so that random ones get past the first character.
fn parts() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "k",
        "\u{E9}",
        " ",
        "\n",
        "#",
        ".",
        "^",
        "$",
        "|",
        "(",
        ")",
        "(?:",
        "(?=",
        "(?!",
        "(?<=",
        "(?<!",
        "(?>",
        "(?i)",
        "(?x)",
        "(?i:",
        "(?-i:",
        "(?a:",
        "(?P<n>",
        "(?P=n)",
        "(?(1)",
        "(?(n)",
        "(?#",
        "[",
        "]",
        "[^",
        "-",
        "*",
        "+",
        "?",
        "{2}",
        "{1,3}",
        "{,5000}",
        "{3,",
        "}",
        ",",
        "\\",
        r"\1",
        r"\2",
        r"\b",
        r"\B",
        r"\w",
        r"\W",
        r"\d",
        r"\s",
        r"\A",
        r"\Z",
        r"\x41",
        r"\x",
        r"\101",
        r"\0",
        r"\N{EM DASH}",
        r"\u00e9",
        "&&",
        "--",
        "~~",
        "||",
        ":",
        "<",
        ">",
        "=",
        "!",
    ]);
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

fn any_python() -> impl Strategy<Value = Version> {
    prop::sample::select(VERSIONS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_expression_panics(pattern in parts(), text in "[abk\u{E9}\\n (1_-]{0,10}", python in any_python()) {
        if let Ok(pattern) = Pattern::new(pattern.as_bytes(), python) {
            let _ = pattern.is_match(text.as_bytes());
        }
    }

    #[test]
    fn no_bytes_panic(pattern in prop::collection::vec(any::<u8>(), 0..24), text in prop::collection::vec(any::<u8>(), 0..24), python in any_python()) {
        if let Ok(pattern) = Pattern::new(&pattern, python) {
            let _ = pattern.is_match(&text);
        }
    }

    #[test]
    fn an_escaped_text_matches_itself(text in "\\PC{0,20}", python in any_python()) {
        let escaped: String =
            text.chars().flat_map(|c| (!c.is_alphanumeric() && c.is_ascii() && c != '_').then_some('\\').into_iter().chain([c])).collect();
        let pattern = Pattern::new(escaped.as_bytes(), python).expect("a plain text is valid");
        prop_assert!(pattern.is_match(text.as_bytes()).expect("a plain search is short"));
        let around = format!("(<\u{E9}{text}\u{E9}>)");
        prop_assert!(pattern.is_match(around.as_bytes()).expect("a plain search is short"));
    }
}

/// Cut and changed bytes of the golden expressions: an answer, whatever it is.
#[test]
fn changed_bytes_give_an_answer() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/python-regex.jsonl");
    let file = std::fs::read_to_string(path).expect("the golden file is there");
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).expect("31 bits fit") % limit.max(1)
    };
    for line in file.lines().step_by(2) {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let mut pattern = field(&case["p"]);
        pattern.truncate(200);
        match random(3) {
            0 => pattern.truncate(random(pattern.len())),
            1 if !pattern.is_empty() => {
                let at = random(pattern.len());
                pattern[at] = u8::try_from(random(256)).expect("a byte");
            }
            _ => pattern.insert(
                random(pattern.len()),
                b"()[]{}*+?|\\^$-:<=!#\xC3\xED\xFF"[random(22)],
            ),
        }
        let python = VERSIONS[random(VERSIONS.len())];
        let _ = Pattern::new(&pattern, python)
            .map(|pattern| pattern.is_match(b"/srv/app/\xC3\xA9.py:12(<lambda>)"));
    }
}
