//! The files that a run writes: opened before it begins, named when they are complete.

use super::super::Failure;
use super::super::output::OutputFile;
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

    /// Completes them all.
    pub(super) fn finish(self, report: &Report<'_>) -> Result<(), Failure> {
        let finish = |file: Option<OutputFile>, text: &str| {
            file.map_or(Ok(()), |mut file| {
                file.write(text.as_bytes())?;
                file.finish()
            })
        };
        if self.json.is_some() {
            finish(self.json, &json::render(report))?;
        }
        if self.junit.is_some() {
            finish(self.junit, &junit::render(report))?;
        }
        if self.html.is_some() {
            finish(self.html, &html::render(report))?;
        }
        if self.csv.is_some() {
            finish(self.csv, &report.history.csv())?;
        }
        finish(self.trace, "")
    }
}
