//! `go tool pprof` on pprof files.

use crate::{folder, is_there, own_by_name, succeed, write_pprof};
use std::collections::BTreeMap;
use std::process::Command;

#[test]
fn it_shows_every_function_with_its_own_time() {
    if !is_there("go") {
        return;
    }
    let folder = folder();
    for (file, name, tree) in write_pprof(folder.path()) {
        let pprof = |arguments: &[&str]| {
            let mut command = Command::new("go");
            command.args(["tool", "pprof"]).args(arguments).arg(&file);
            // No home to keep settings in, nothing from the network.
            command
                .env("PPROF_TMPDIR", folder.path())
                .env("GOFLAGS", "-mod=mod")
                .env("GOPROXY", "off");
            succeed(command.output().expect("go starts"))
        };

        let raw = pprof(&["-raw"]);
        let samples = raw
            .split("\nSamples:\ncpu/nanoseconds\n")
            .nth(1)
            .expect("samples");
        let samples = samples.split("Locations\n").next().expect("they end");
        let total: u64 = samples
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(weight, _)| weight.trim().parse::<u64>().expect("a weight"))
            .sum();
        assert_eq!(total, tree.total(), "{name}");

        let top = pprof(&[
            "-top",
            "-nodecount=1000000",
            "-nodefraction=0",
            "-edgefraction=0",
            "-unit=ns",
        ]);
        assert!(top.contains("100%"), "{top}");
        let mut own: BTreeMap<String, u64> = BTreeMap::new();
        let rows = top
            .lines()
            .skip_while(|line| !line.trim_start().starts_with("flat "))
            .skip(1);
        for row in rows {
            let words: Vec<&str> = row.split_whitespace().collect();
            let nanoseconds = words[0]
                .trim_end_matches("ns")
                .parse::<u64>()
                .expect("whole nanoseconds");
            *own.entry(words[5..].join(" ")).or_default() += nanoseconds;
        }
        own.retain(|_, own| *own > 0);
        // Rows with one name are told apart by nothing but their order, so they are added on both sides.
        assert_eq!(own, own_by_name(&tree), "{name}");
    }
}
