//! What is timed, as cases with names: the statement and each `--vs`, with each set of parameters.

use super::super::Failure;
use super::code::Snippet;
use super::{Args, Collector};
use crate::timeit::parameters;
use crate::timeit::session::Case;

/// The statement and each `--vs`, with every set of parameters and with or without the garbage collector.
pub(super) fn cases(args: &Args, snippet: Snippet) -> Result<Vec<Case>, Failure> {
    let options = &args.auto;
    let mut statements = vec![snippet.statement];
    statements.extend_from_slice(options.others());
    let sets = args.parameters.sets()?;
    let texts = statements.iter().chain([&snippet.setup]);
    args.parameters.check_use(texts.map(String::as_str))?;
    options.check_names(
        statements.len() * sets.len(),
        "the statement and each --vs, with each parameter",
    )?;
    let is_alone = statements.len() == 1;
    let collectors: &[(bool, &str)] = match args.gc {
        Collector::Off => &[(false, "")],
        Collector::On => &[(true, "")],
        Collector::Both => &[(false, " without gc"), (true, " with gc")],
    };
    let mut cases = Vec::new();
    let all = statements.iter().enumerate();
    let all = all.flat_map(|(at, statement)| sets.iter().map(move |set| (at, statement, set)));
    for (place, (at, statement, set)) in all.enumerate() {
        let statement = parameters::fill(statement, set);
        let name = match options.name(place) {
            Some(name) => name.to_owned(),
            None if is_alone && set.is_empty() => headline(&statement),
            None if is_alone => parameters::label(set),
            None if set.is_empty() => letter(at),
            None => format!("{} ({})", letter(at), parameters::label(set)),
        };
        cases.extend(collectors.iter().map(|&(collect_garbage, suffix)| Case {
            name: format!("{name}{suffix}"),
            statement: statement.clone(),
            setup: parameters::fill(&snippet.setup, set),
            collect_garbage,
            parameters: set.clone(),
        }));
    }
    Ok(cases)
}

/// The first line of a statement, not too long for a name.
pub(super) fn headline(statement: &str) -> String {
    let line = statement.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("pass").trim();
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A, B, ... Z, AA, AB, ...
pub(super) fn letter(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    match at / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letter(more - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_letters() {
        assert_eq!(
            [0, 1, 25, 26, 27, 51, 52].map(letter),
            ["A", "B", "Z", "AA", "AB", "AZ", "BA"]
        );
    }

    #[test]
    fn a_lone_statement_has_its_first_line_for_a_name() {
        assert_eq!(headline("\n  x = 1\ny = 2"), "x = 1");
        assert_eq!(headline(""), "pass");
        assert_eq!(headline(&"é".repeat(50)).chars().count(), 41);
    }
}
