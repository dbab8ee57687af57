//! Stands in for what reads other processes where that is not built.

use super::collect::Stack;
use super::{Error, Options};
use std::time::Duration;

/// A process that could be looked into; there is none.
pub(super) enum Spied {}

impl Spied {
    pub(super) fn attach(_: u32, _: &Options, _: Duration) -> Result<Spied, Error> {
        Err(Error::NotBuilt)
    }

    pub(super) fn version(&self) -> String {
        match *self {}
    }

    pub(super) fn children(&self) -> Vec<u32> {
        match *self {}
    }

    pub(super) fn look(&mut self, _: &mut Vec<Stack>) -> Result<Duration, String> {
        match *self {}
    }
}
