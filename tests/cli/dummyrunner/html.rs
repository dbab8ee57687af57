//! The page of a run, in a real browser.

use crate::chromium::{chromium, document};
use crate::run;
use std::path::Path;

/// Plays for a few seconds on the demo game, with more arguments, and returns the page.
fn page(folder: &Path, arguments: &[&str]) -> String {
    let path = folder.join("run.html");
    let path = path.to_str().expect("a path in UTF-8");
    let mut all = vec![
        "dummyrunner",
        "demo",
        "5",
        "--duration",
        "4s",
        "--",
        "--html",
        path,
    ];
    all.extend(["--timestep", "50ms", "--seed", "7"]);
    all.extend(arguments);
    run(&all);
    std::fs::read_to_string(path).expect("it was written")
}

/// Points at the middle of a plot as a user does, and leaves in the document what is told then.
const POINT: &str = r##"<script>
window.addEventListener("load", function () {
    var picture = document.querySelector("#plot-commands svg"), box = picture.getBoundingClientRect();
    picture.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width / 2, clientY: box.top + 20 }));
    var outputs = document.querySelectorAll("#plot-commands output, #plot-lag output");
    var told = Array.from(outputs).map(function (output) { return output.textContent; });
    told.push(document.getElementById("told").textContent);
    document.documentElement.setAttribute("data-seen", told.join("|"));
});
</script></body>"##;

#[test]
fn a_page_tells_all_values_at_a_time() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = page(folder.path(), &[]);
    // As it is, under its own rules: the script writes this when it has begun.
    let seen = document(chromium, &folder.path().join("run.html"), folder.path());
    assert!(seen.contains("data-idle="), "the script did not run: {seen}");
    assert!(seen.matches("<svg").count() >= 5, "{seen}");
    // With our own script in it, which those rules would stop.
    let open = page.replace("http-equiv=", "data-was=").replace("</body>", POINT);
    let path = folder.path().join("open.html");
    std::fs::write(&path, open).expect("a temporary file");
    let seen = document(chromium, &path, folder.path());
    let (_, told) = seen
        .split_once("data-seen=\"")
        .unwrap_or_else(|| panic!("{seen}"));
    let told: Vec<&str> = told.split('"').next().unwrap_or_default().split('|').collect();
    // Two rates, five lags, and the time.
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(
        told[..2]
            .iter()
            .all(|rate| rate.parse::<f64>().is_ok_and(|rate| rate > 0.0)),
        "{told:?}"
    );
    assert!(told[2..7].iter().all(|lag| lag.ends_with(" ms")), "{told:?}");
    assert!(told[7].starts_with("At ") && told[7].ends_with(" s"), "{told:?}");
}

#[test]
fn what_a_scenario_says_is_text_on_the_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = folder.path().join("hostile.toml");
    let name = "</script><img src=x onerror=alert(1)>{{data}}";
    let text = format!(
        "[login]\ncommands = []\n[[stage]]\ndummies = 3\nhold = \"2s\"\n[[action]]\nname = \"{name}\"\ncommands = [\"look\"]\n"
    );
    std::fs::write(&scenario, text).expect("a temporary file");
    let scenario = scenario.to_str().expect("a path in UTF-8");
    let page = page(folder.path(), &["--scenario", scenario]);
    assert!(
        page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;{{data}}"),
        "{page}"
    );
    assert!(!page.contains("<img"), "{page}");
    assert_eq!(page.matches("</script>").count(), 2, "{page}");
    assert!(page.contains("default-src 'none'"), "{page}");
}
