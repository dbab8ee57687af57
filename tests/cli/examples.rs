//! The programs in `examples/`, which `cargo test` builds beside the tests.

use std::process::Command;

#[test]
fn hot_functions_prints_a_report_and_its_hottest_function() {
    let tests = std::env::current_exe().expect("this test is a program");
    let built = tests
        .parent()
        .and_then(|deps| deps.parent())
        .expect("it stands in the target folder");
    let output = Command::new(built.join("examples/hot_functions"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("`cargo test` has built it");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("Ordered by: internal time"), "{text}");
    assert!(
        text.ends_with("51% of the time is in {method 'poll' of 'select.epoll' objects}\n"),
        "{text}"
    );
}
