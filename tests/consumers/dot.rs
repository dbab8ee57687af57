//! Call graphs, drawn by Graphviz.

use crate::{dumps, folder, is_there, run};
use prof::export::dot::{self, ColorBy, Options, Written};
use prof::profile::{Calls, EdgeCalls, Profile};
use prof::python::{Dialect, Seconds};
use std::fs;
use std::process::Command;

/// The picture, and what should be on it.
fn draw(profile: &Profile, options: &Options, what: &str) -> (String, Written) {
    let folder = folder();
    let path = folder.path().join("graph.dot");
    let mut text = Vec::new();
    let written = dot::write(profile, options, &mut text).expect("a Vec takes everything");
    fs::write(&path, text).expect("a temporary file");
    (run(Command::new("dot").arg("-Tsvg").arg(&path), what), written)
}

fn check(profile: &Profile, options: &Options, what: &str) -> Written {
    let (svg, written) = draw(profile, options, what);
    assert_eq!(svg.matches("class=\"node\"").count(), written.functions, "{what}");
    assert_eq!(
        svg.matches("class=\"edge\"").count() as u64,
        written.edges,
        "{what}"
    );
    written
}

#[test]
fn graphviz_draws_every_dump() {
    if !is_there("dot") {
        return;
    }
    for (name, profile) in dumps() {
        let written = check(&profile, &Options::default(), &name);
        assert!(written.functions > 0 && written.total > 0, "{name}");
        let options = Options {
            node_percent: 2.0,
            color_by: ColorBy::Own,
            clusters: true,
            strip: false,
            title: name.clone(),
            ..Options::default()
        };
        check(&profile, &options, &name);
    }
}

#[test]
fn graphviz_shows_names_as_they_are() {
    if !is_there("dot") {
        return;
    }
    let mut profile = Profile::new(Dialect::Python3);
    let one = Calls {
        primitive: 1,
        total: 3,
        own: Seconds::Int(1),
        cumulative: Seconds::Int(1),
    };
    let names = [
        "say \"hi\"",
        "a\\N\\l",
        "&lt;b&gt;",
        "<lambda>",
        "end\\",
        "{a|b}",
        "two\nlines",
    ];
    for name in names {
        let key = profile
            .key(b"/srv/app/x.py", 1, name.as_bytes())
            .expect("a small profile");
        // Each calls itself, so that an arrow is drawn, too.
        let callers = profile
            .push_edges([(key, EdgeCalls::Timed(one))])
            .expect("a small profile");
        profile.insert(key, one, callers);
    }
    let options = Options {
        title: "50 \\% \"x\"".into(),
        ..Options::default()
    };
    let (svg, written) = draw(&profile, &options, "odd names");
    assert_eq!((written.functions, written.edges), (7, 7));
    assert_eq!(svg.matches("class=\"node\"").count(), 7);
    for shown in [
        "x:1:say &quot;hi&quot;<",
        "x:1:a\\N\\l<",
        "x:1:&amp;lt;b&amp;gt;<",
        "x:1:&lt;lambda&gt;<",
        "x:1:end\\<",
        "x:1:{a|b}<",
        "x:1:two lines<",
        ">50 \\% &quot;x&quot;<",
    ] {
        assert!(svg.contains(shown), "{shown} in {svg}");
    }
}
