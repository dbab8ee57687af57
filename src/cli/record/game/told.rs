//! What is told of a game while it is recorded, and at its end.

use super::super::summary::{peak_memory, print_cost, seconds, shell_word, size};
use super::recorded::Recorded;
use crate::evennia::{Part, Settings};
use crate::process::Sample;
use crate::python::text::shown;
use crate::timeit::report::units::counted;
use std::path::Path;

impl Recorded<'_> {
    pub(super) fn say_that_it_runs(&mut self, settings: &Settings, path: &Path) {
        let port = settings.port().map_or(String::new(), |port| {
            format!(", telnet {}:{port}", settings.host())
        });
        let line = format!(
            "game {} runs{port}; its {} is recorded to {}. `evennia stop`, or Ctrl-C here, ends it and leaves the profile",
            settings.name,
            capital(self.part),
            path.display()
        );
        self.output.progress(&shown(line.as_bytes()));
    }

    pub(super) fn cost(&self, sample: &Sample) -> String {
        let mut line = format!(
            "{} CPU {:.0}% of a core, memory {}",
            capital(self.part),
            sample.cores * 100.0,
            size(sample.rss)
        );
        if self.story.snapshots > 0 {
            line += &format!(
                "; {}, the longest held it up for {}",
                counted(self.story.snapshots, "snapshot"),
                seconds(self.story.longest.1)
            );
        }
        line
    }

    pub(super) fn print(&mut self, quiet: bool) {
        if let Some(why) = &self.story.failure {
            self.output.report("error", &shown(why.as_bytes()));
        }
        if self.story.dumps.is_empty() {
            self.output.report(
                "error",
                "there is no dump: it was killed before the first snapshot",
            );
            self.output.report("hint", "--every 1s writes snapshots earlier");
            return;
        }
        if quiet {
            return;
        }
        let mut line = format!(
            "{}, {} CPU {}, {}",
            seconds(self.began.elapsed()),
            capital(self.part),
            // What it did between the last look and its end only the recorder has seen.
            seconds((self.cpu.0 + self.cpu.1).max(self.story.used())),
            peak_memory(
                self.story.peak().unwrap_or(0).max(self.peak),
                &self.story,
                self.pid.unwrap_or(0)
            )
        );
        if self.story.snapshots > 0 {
            line += &format!(
                "; {}, the longest took {} and held it up for {}",
                counted(self.story.snapshots, "snapshot"),
                seconds(self.story.longest.0),
                seconds(self.story.longest.1)
            );
        }
        self.output.report("recorded", &line);
        if let Some(cost) = self.story.cost() {
            print_cost(&cost, self.output);
        }
        let mut words = Vec::new();
        // `server.prof` before `server-2.prof`.
        let mut dumps: Vec<_> = self.story.dumps.values().collect();
        dumps.sort_by_key(|dump| (dump.path.as_os_str().len(), &dump.path));
        for dump in dumps {
            let line = format!(
                "{} ({}, {})",
                dump.path.display(),
                counted(dump.functions, "function"),
                size(dump.bytes)
            );
            self.output.report("wrote", &shown(line.as_bytes()));
            words.push(shell_word(&dump.path));
        }
        let line = format!(
            "prof stats {} --exclude-idle --sort cumulative --limit 30",
            words.join(" ")
        );
        self.output.report("hint", &shown(line.as_bytes()));
    }
}

pub(super) fn capital(part: Part) -> &'static str {
    match part {
        Part::Server => "Server",
        Part::Portal => "Portal",
    }
}
