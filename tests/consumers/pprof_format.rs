//! The npm package pprof-format on pprof files.

use crate::{folder, node, packages, write_pprof};
use serde_json::Value;

#[test]
fn it_decodes_all_of_a_file() {
    let Some(packages) = packages("pprof-format") else {
        return;
    };
    let folder = folder();
    for (file, name, tree) in write_pprof(folder.path()) {
        let seen: Value = serde_json::from_str(&node(&packages, "pprof_format.js", &[&file])).expect("JSON");
        let paths = tree.nodes().filter(|&node| tree.own(node) > 0).count();
        assert_eq!(seen["total"], tree.total().to_string(), "{name}");
        assert_eq!(seen["duration"], tree.total().to_string(), "{name}");
        assert_eq!(seen["samples"], paths, "{name}");
        assert_eq!(seen["type"], "cpu/nanoseconds", "{name}");
        assert_eq!(seen["comments"], serde_json::json!([name]));
        assert_eq!(seen["broken"], 0, "{name}");
    }
}
