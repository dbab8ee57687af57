//! Dumps of many Pythons and writers, and the text that CPython's pstats prints for them.
//!
//! `fixtures/pstats` is a part of a larger corpus; where `../shared` has that, all of its texts are compared, too.

use crate::prof;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

struct Corpus {
    root: PathBuf,
    manifest: Value,
    /// All dumps, with the times that the texts tell.
    folder: tempfile::TempDir,
}

impl Corpus {
    fn open(root: &Path) -> Corpus {
        let text = std::fs::read_to_string(root.join("manifest.json")).expect("the corpus has a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("the manifest is JSON");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let corpus = Corpus {
            root: root.into(),
            manifest,
            folder,
        };
        let dumps = corpus.manifest["dumps"]
            .as_object()
            .expect("the manifest has dumps");
        for name in dumps.keys() {
            corpus.place(corpus.folder.path(), name, name);
        }
        corpus
    }

    fn place(&self, folder: &Path, name: &str, dump: &str) {
        let entry = &self.manifest["dumps"][dump];
        let mut bytes = Vec::new();
        let packed = entry["gz"].as_bool() == Some(true);
        let file = File::open(
            self.root
                .join("dumps")
                .join(format!("{dump}{}", if packed { ".gz" } else { "" })),
        );
        let mut file = file.expect("the corpus has its dumps");
        if packed {
            std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut bytes)
                .expect("a packed dump unpacks");
        } else {
            std::io::copy(&mut file, &mut bytes).expect("a dump can be read");
        }
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a temporary folder");
        if let Some(first) = name.split('/').next().filter(|_| name.contains("..")) {
            std::fs::create_dir_all(folder.join(first)).expect("a temporary folder");
        }
        std::fs::write(&path, bytes).expect("a temporary file");
        let nanoseconds = entry["mtime_ns"].as_i64().expect("a dump has a time");
        let time = if nanoseconds < 0 {
            SystemTime::UNIX_EPOCH - Duration::from_nanos(nanoseconds.unsigned_abs())
        } else {
            SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds.unsigned_abs())
        };
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(time))
            .expect("a time can be set");
    }

    fn expected(&self, case: &Value) -> Option<Vec<u8>> {
        let path = self.root.join(case["expected"].as_str()?);
        let bytes = std::fs::read(&path).expect("the corpus has its texts");
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut text = Vec::new();
            std::io::copy(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
                .expect("a packed text unpacks");
            return Some(text);
        }
        Some(bytes)
    }

    /// Runs one case; says what is wrong, if anything is.
    fn check(&self, case: &Value) -> Result<(), String> {
        let placed = tempfile::tempdir().expect("a temporary folder");
        let folder = match case["place"].as_object() {
            Some(places) => {
                for (name, dump) in places {
                    self.place(placed.path(), name, dump.as_str().expect("a dump's name"));
                }
                placed.path()
            }
            None => self.folder.path(),
        };
        let zone = case["tz"]
            .as_str()
            .or(case["ops"]["tz"].as_str())
            .unwrap_or("UTC0");
        let mut command = prof();
        command
            .current_dir(folder)
            .env("TZ", zone)
            .arg("stats")
            .args(arguments(case));
        command.timeout(Duration::from_secs(60));
        if let Some(input) = case["stdin"].as_str() {
            command.write_stdin(input);
        }
        let output = command.output().expect("the binary runs");
        let code = output.status.code().ok_or("killed by a signal")?;
        if code == 101 {
            return Err(format!("panic: {}", String::from_utf8_lossy(&output.stderr)));
        }
        match case["status"].as_str().unwrap_or("ok") {
            "ok" if code != 0 => Err(format!(
                "exit {code}: {}",
                String::from_utf8_lossy(&output.stderr)
            )),
            "ok" if Some(&output.stdout) != self.expected(case).as_ref() => Err(format!(
                "the text differs:\n{}",
                String::from_utf8_lossy(&output.stdout)
            )),
            "error" if code == 0 => Err("accepted".into()),
            _ => Ok(()),
        }
    }
}

fn arguments(case: &Value) -> Vec<String> {
    let strings = |value: &Value| -> Vec<String> {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(Into::into).collect()
    };
    let operations = &case["ops"];
    let mut arguments = Vec::new();
    if case["suite"] == "browser" {
        arguments.push("--interactive".into());
    }
    let keys = strings(&operations["sort"]);
    if !keys.is_empty() {
        arguments.push(format!("--sort={}", keys.join(",")));
    }
    if operations["reverse"] == true {
        arguments.push("--reverse".into());
    }
    if operations["strip"] == true {
        arguments.push("--strip-dirs".into());
    }
    if let Some(view) = operations["view"].as_str() {
        arguments.push(format!("--{view}"));
    }
    arguments.extend(
        strings(&operations["limits"])
            .into_iter()
            .map(|limit| format!("--limit={limit}")),
    );
    arguments.extend(strings(&case["files"]));
    arguments
}

fn check_all(root: &Path) {
    let corpus = Corpus::open(root);
    let cases = corpus.manifest["cases"]
        .as_array()
        .expect("the manifest has cases");
    let mut by_suite: HashMap<&str, usize> = HashMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        *by_suite
            .entry(case["suite"].as_str().unwrap_or_default())
            .or_default() += 1;
        if let Err(problem) = corpus.check(case) {
            wrong.push(format!(
                "{} prof stats {}: {problem}",
                case["id"],
                arguments(case).join(" ")
            ));
        }
    }
    assert!(
        ["text", "browser", "hostile"]
            .iter()
            .all(|suite| by_suite.contains_key(suite)),
        "{by_suite:?}"
    );
    let shown = wrong
        .iter()
        .take(5)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        wrong.is_empty(),
        "{} of {} cases differ, the first are\n{shown}",
        wrong.len(),
        cases.len()
    );
}

#[test]
fn the_text_is_that_of_pstats() {
    check_all(&crate::fixture("pstats"));
}

#[test]
fn the_text_is_that_of_pstats_on_the_whole_corpus() {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/pstats");
    if whole.is_dir() {
        check_all(&whole);
    } else {
        eprintln!("skipped: the whole corpus is not here");
    }
}
