//! The files that a run writes: opened before it begins, named when they are complete.

use super::super::Failure;
use super::super::exit::First;
use super::super::output::{Output, OutputFile};
use super::Args;
use crate::dummyrunner::report::{Report, html, json, junit};
use std::path::PathBuf;

/// The files that were asked for.
pub(super) struct Files {
    json: Option<OutputFile>,
    csv: Option<OutputFile>,
    junit: Option<OutputFile>,
    html: Option<OutputFile>,
    trace: Option<OutputFile>,
}

impl Files {
    pub(super) fn begin(args: &Args) -> Result<Files, Failure> {
        let begin = |path: &Option<PathBuf>| path.as_deref().map(OutputFile::begin).transpose();
        Ok(Files {
            json: begin(&args.json)?,
            csv: begin(&args.csv)?,
            junit: begin(&args.junit)?,
            html: begin(&args.html)?,
            trace: begin(&args.trace)?,
        })
    }

    /// Appends to the trace.
    pub(super) fn trace(&mut self, line: impl FnOnce() -> String) -> Result<(), Failure> {
        match &mut self.trace {
            Some(file) => file.write(line().as_bytes()),
            None => Ok(()),
        }
    }

    /// Completes them all. One that fails keeps no other back.
    pub(super) fn finish(self, report: &Report<'_>, first: &mut First, output: &mut Output) {
        let files: [(_, &dyn Fn() -> String); 5] = [
            (self.json, &|| json::render(report)),
            (self.junit, &|| junit::render(report)),
            (self.html, &|| html::render(report)),
            (self.csv, &|| report.history.csv()),
            (self.trace, &String::new),
        ];
        for (file, text) in files {
            if let Some(mut file) = file {
                let written = file.write(text().as_bytes()).and_then(|()| file.finish());
                first.note(written, output);
            }
        }
    }
}
