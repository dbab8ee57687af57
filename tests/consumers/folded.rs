//! Folded stacks, drawn by inferno as its own command does.

use crate::trees;
use inferno::flamegraph::{self, Options};
use prof::format::folded;

#[test]
fn inferno_draws_all_time() {
    for (name, tree) in trees() {
        let mut text = Vec::new();
        folded::write(&tree, &mut text).expect("a Vec takes everything");
        let mut svg = Vec::new();
        flamegraph::from_reader(&mut Options::default(), text.as_slice(), &mut svg).expect("a picture");
        let svg = String::from_utf8(svg).expect("text");
        let (_, rest) = svg.split_once("total_samples=\"").expect("inferno writes it");
        let total: String = rest.chars().take_while(char::is_ascii_digit).collect();
        assert_eq!(total.parse(), Ok(tree.total()), "{name}");
    }
}
