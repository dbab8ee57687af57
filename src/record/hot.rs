//! The functions that a program spends its time in, by its samples.

use crate::profile::Profile;
use crate::profile::stacks::StackTree;
use crate::python::text;

/// One of them. Shares are of all samples, from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// As pstats shows it, but with no more folders than the last: `game/world.py:12(look)`.
    pub name: String,
    /// Of samples in the function itself.
    pub own: f64,
    /// Of samples in it or in what it called.
    pub cumulative: f64,
}

/// The functions with the most samples of their own, so many at most; ties in the order of their names.
///
/// # Errors
/// More functions than a profile keeps.
pub fn hottest(tree: &StackTree, count: usize) -> Result<Vec<Function>, crate::profile::Error> {
    let profile = Profile::from_stacks(tree, 1.0)?;
    let total = tree.total().max(1) as f64;
    let mut functions: Vec<Function> = profile
        .functions()
        .map(|function| {
            let (key, calls) = (profile.key_of(function), profile.calls(function));
            Function {
                name: short(&text::shown(&profile.standard_name(key))),
                own: calls.own.as_f64() / total,
                cumulative: calls.cumulative.as_f64() / total,
            }
        })
        .filter(|function| function.own > 0.0)
        .collect();
    functions.sort_by(|a, b| b.own.total_cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
    functions.truncate(count);
    Ok(functions)
}

/// Without folders but the last.
fn short(name: &str) -> String {
    // Names of functions hold no separators, but those of threads may.
    let file_end = name.find(".py:").unwrap_or(0);
    let mut separators = name[..file_end].rmatch_indices('/');
    match separators.nth(1) {
        Some((at, _)) => name[at + 1..].into(),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::folded;

    #[test]
    fn those_with_most_samples_of_their_own_come_first() {
        let text =
            "run (/srv/game/main.py:3);look (/srv/game/world.py:12) 6\nrun (/srv/game/main.py:3) 3\nidle 1\n";
        let tree = folded::read(text.as_bytes()).expect("folded stacks");
        let hot = hottest(&tree, 2).expect("a small tree");
        let expected = [
            ("game/world.py:12(look)", 0.6, 0.6),
            ("game/main.py:3(run)", 0.3, 0.9),
        ];
        let found: Vec<_> = hot
            .iter()
            .map(|function| (&*function.name, function.own, function.cumulative))
            .collect();
        assert_eq!(found, expected);
    }
}
