//! The Firefox Profiler, by its own command line, on its files.

use crate::{alone, folder, hottest, packages, trees};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// profiler-cli with a home of its own, where the sessions of its background process are kept.
struct Profiler<'a> {
    packages: &'a Path,
    home: &'a Path,
}

impl Profiler<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.packages.join(".bin/profiler-cli"));
        command.env("HOME", self.home).args(arguments);
        command.output().expect("profiler-cli starts")
    }

    /// The background process may be slow to answer: several tries.
    fn load(&self, file: &Path) {
        let path = file.to_str().expect("a plain path");
        let mut last = None;
        for _ in 0..20 {
            let output = self.run(&["load", path]);
            if output.status.success() {
                return;
            }
            self.stop();
            last = Some(output);
        }
        panic!("{path} is not loaded: {last:?}");
    }

    fn stop(&self) {
        self.run(&["stop", "--all"]);
    }
}

impl Drop for Profiler<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn it_loads_all_time_in_microseconds() {
    let Some(packages) = packages("@firefox-devtools/profiler-cli") else {
        return;
    };
    let _alone = alone();
    let folder = folder();
    let profiler = Profiler {
        packages: &packages,
        home: folder.path(),
    };
    for (name, tree) in trees() {
        let file = folder.path().join(format!("{name}.json"));
        let mut bytes = Vec::new();
        prof::export::firefox::write(&tree, &name, &mut bytes).expect("a file");
        std::fs::write(&file, bytes).expect("room");
        profiler.load(&file);
        let output = crate::succeed(profiler.run(&["thread", "functions", "--json", "--limit", "0"]));
        profiler.stop();
        let seen: Value = serde_json::from_str(&output).expect("JSON");
        let functions = seen["functions"].as_array().expect("a list");
        let own = |function: &Value| function["selfSamples"].as_u64().expect("whole samples");
        assert_eq!(
            functions.iter().map(own).sum::<u64>(),
            tree.total() / 1000,
            "{name}"
        );
        let first = functions
            .iter()
            .max_by_key(|function| own(function))
            .expect("functions");
        let label = first["name"].as_str().expect("a name");
        assert!(
            hottest(&tree).iter().any(|name| label.starts_with(name)),
            "{name}: {label}"
        );
        assert_eq!(seen["friendlyThreadName"], name);
    }
}
