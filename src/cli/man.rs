//! `prof man`: manual pages, made from the same definitions as `--help`.

use super::output::{self, Output};
use super::{Cli, Code, Failure};
use clap::CommandFactory as _;
use clap::builder::Resettable;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use std::path::PathBuf;

/// Print a manual page, or write those of all commands into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof man | man -l -
  prof man dummyrunner demo | man -l -
  prof man -o ~/.local/share/man/man1          # then: man prof, man prof-stats")]
pub(super) struct Args {
    /// The command that the page is about, such as stats, or timeit compare; without this prof itself
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    commands: Vec<String>,

    /// Write a page for each command into this folder, which is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let root = root();
    let Some(folder) = &args.output else {
        let command = find(&root, &args.commands)?;
        output.raw().write_all(&page(command)?)?;
        if output.is_terminal() {
            output.report(
                "hint",
                "this is the source of the page; `prof man | man -l -` shows it",
            );
        }
        return Ok(Code::Done);
    };
    output::make_folder(folder)?;
    // All are made before the first is written.
    let commands = all(&root);
    let pages = commands
        .into_iter()
        .map(|command| Ok((name(command), page(command)?)));
    let pages = pages.collect::<Result<Vec<_>, Failure>>()?;
    for (name, page) in &pages {
        output::write_file(&folder.join(format!("{name}.1")), page)?;
    }
    let (pages, folder) = (pages.len(), folder.to_string_lossy());
    let line = format!("wrote {pages} pages into {folder}");
    output.progress(&crate::python::text::shown(line.as_bytes()));
    Ok(Code::Done)
}

/// The whole command line, without the commands `help` that are made for it: a page has no use for them.
fn root() -> clap::Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

/// The command of these words.
fn find<'a>(root: &'a clap::Command, words: &[String]) -> Result<&'a clap::Command, Failure> {
    let mut command = root;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let hint = match names.is_empty() {
                true => format!("prof man {}", words[0]),
                false => format!("there are {}", names.join(", ")),
            };
            let above = command.get_bin_name().unwrap_or("prof");
            Failure::usage(format!("`{above}` has no command `{word}`")).hint(Some(hint))
        })?;
    }
    Ok(command)
}

/// A command and all below it.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().flat_map(all);
    std::iter::once(command).chain(below).collect()
}

/// What its page is called: `prof-stats`.
fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page in the macros of man(7).
fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    // All options in the synopsis would be a screen that says nothing.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start().trim_start_matches("Usage:").to_owned();
    let plain = command
        .clone()
        // What is too rare for -h has its place here.
        .mut_args(|arg| arg.hide_short_help(false))
        .override_usage(usage)
        .after_help(Resettable::Reset)
        .version(Resettable::Reset);
    let mut page = Vec::new();
    Man::new(plain)
        .title(name(command).to_uppercase())
        // The same version gives the same page. An empty date would be left out, and the source taken for it.
        .date(" ")
        .source(concat!("prof ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands")
        .render(&mut page)?;
    let mut roff = Roff::new();
    if let Some(help) = command.get_after_help() {
        after_help(&help.to_string(), &mut roff);
    }
    see_also(command, &mut roff);
    page.extend(sections(&roff).into_bytes());
    Ok(page)
}

/// What stands below the options in `--help`: examples, line by line as they are, and paragraphs.
fn after_help(help: &str, roff: &mut Roff) {
    let mut section = "";
    for paragraph in help.split("\n\n") {
        let (wanted, lines) = match paragraph.strip_prefix("Examples:\n") {
            Some(lines) => ("EXAMPLES", lines),
            None => ("NOTES", paragraph),
        };
        if wanted != section {
            roff.control("SH", [wanted]);
            section = wanted;
        } else {
            roff.control("PP", []);
        }
        if lines.starts_with("  ") {
            roff.control("nf", []);
            for line in lines.lines() {
                roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
            }
            roff.control("fi", []);
        } else {
            roff.text([roman(lines.replace('\n', " "))]);
        }
    }
}

/// Without the definitions at the top, which the page has already.
fn sections(roff: &Roff) -> String {
    let text = roff.render();
    text.find(".SH")
        .map(|at| text[at..].to_owned())
        .unwrap_or_default()
}

/// The pages above.
fn see_also(command: &clap::Command, roff: &mut Roff) {
    let words: Vec<&str> = command.get_bin_name().unwrap_or("prof").split(' ').collect();
    let above: Vec<String> = (1..words.len()).map(|end| words[..end].join("-")).collect();
    if above.is_empty() {
        return;
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut line: Vec<Inline> = Vec::new();
    for (at, page) in above.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        line.extend([roman(comma), bold(page), roman("(1)")]);
    }
    roff.text(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|&word| word.into()).collect();
        let root = root();
        let page = page(find(&root, &words).expect("a command")).expect("a page");
        String::from_utf8(page).expect("text")
    }

    #[test]
    fn each_command_has_a_page_of_its_own() {
        let root = root();
        let names: Vec<&str> = all(&root).into_iter().map(name).collect();
        assert_eq!(
            names,
            [
                "prof",
                "prof-stats",
                "prof-view",
                "prof-flamegraph",
                "prof-export",
                "prof-diff",
                "prof-timeit",
                "prof-timeit-compare",
                "prof-dummyrunner",
                "prof-dummyrunner-demo",
                "prof-record",
                "prof-man",
                "prof-completions",
            ]
        );
    }

    /// clap makes a line feed of `{n}`, and breaks what is wider than this: what was broken by hand is then broken twice.
    #[test]
    fn what_stands_below_the_options_is_shown_as_it_is() {
        const WIDTH: usize = 100;
        let root = root();
        for command in all(&root) {
            let Some(help) = command.get_after_help() else {
                continue;
            };
            let help = help.to_string();
            assert!(!help.contains("{n}"), "{}: {help}", name(command));
            for paragraph in help.split("\n\n").filter(|text| text.contains('\n')) {
                let wide = paragraph.lines().find(|line| line.chars().count() > WIDTH);
                assert_eq!(wide, None, "{}", name(command));
            }
        }
    }

    #[test]
    fn examples_stay_line_by_line_and_are_escaped() {
        let mut roff = Roff::new();
        after_help("Examples:\n  a 'b'\n    .c\n\nOne\ntwo.\n\nThree.", &mut roff);
        assert_eq!(
            sections(&roff),
            ".SH EXAMPLES\n.nf\na \\*(Aqb\\*(Aq\n  .c\n.fi\n.SH NOTES\nOne two.\n.PP\nThree.\n"
        );
    }

    #[test]
    fn a_page_has_its_name_usage_examples_and_the_pages_above() {
        let page = source(&["dummyrunner", "demo"]);
        for part in [
            ".TH PROF-DUMMYRUNNER-DEMO 1 \" \" \"prof ",
            "\nprof\\-dummyrunner\\-demo \\- Try it:",
            "\n\\fBprof dummyrunner demo\\fR [OPTIONS] [N] [\\-\\- <OPTION>...]\n",
            "\nSample prof itself while it runs",
            "\n.SH EXAMPLES\n.nf\nprof dummyrunner demo\n",
            "\n\\fBprof\\fR(1), \\fBprof\\-dummyrunner\\fR(1)\n",
        ] {
            assert!(page.contains(part), "{part:?} in\n{page}");
        }
        assert!(!source(&[]).contains("SEE ALSO"));
    }
}
