//! Any profile, by its content: what `prof flamegraph` and `prof export` take.

use super::{Error, callgrind, folded, marshal, pprof, pstats, sniff, speedscope};
use crate::profile::Profile;
use crate::profile::stacks::StackTree;
use flate2::read::MultiGzDecoder;
use inferno::collapse::Collapse as _;
use std::io::{BufReader, Cursor, Read};

/// Read at once where a file is read line by line.
const BUFFER: usize = 64 * 1024;

/// What a file holds.
#[derive(Debug)]
pub enum Input {
    /// Functions and their callers, as cProfile counts them.
    Profile(Box<Profile>),
    /// Stacks, as samplers take them.
    Stacks(StackTree),
}

/// Reads a profile in any known format, packed by gzip or not: cProfile dumps, folded stacks, pprof, speedscope and
/// callgrind files, and what inferno's collapsers know (perf script, DTrace, sample, VTune, Visual Studio, Xcode, GHC).
///
/// # Errors
/// Why the bytes are no profile; see [`Error::hint`].
pub fn read(mut input: impl Read) -> Result<Input, Error> {
    let head = head(&mut input)?;
    if sniff::near_miss(&head) == Some(sniff::Kind::Gzip) {
        let mut unpacked = MultiGzDecoder::new(Cursor::new(head).chain(input));
        let head = self::head(&mut unpacked)?;
        read_plain(&head, unpacked)
    } else {
        read_plain(&head, input)
    }
}

fn head(input: &mut impl Read) -> Result<Vec<u8>, Error> {
    sniff::head(input).map_err(|source| marshal::Error::Io { offset: 0, source }.into())
}

fn read_plain(head: &[u8], input: impl Read) -> Result<Input, Error> {
    let kind = sniff::near_miss(head);
    let input = Cursor::new(head).chain(input);
    match kind {
        Some(sniff::Kind::Folded) => Ok(Input::Stacks(folded::read(BufReader::with_capacity(
            BUFFER, input,
        ))?)),
        Some(sniff::Kind::Text) => other_text(input),
        Some(sniff::Kind::Json) => Ok(Input::Stacks(speedscope::read(&whole(input)?)?)),
        Some(sniff::Kind::Pprof) => Ok(Input::Stacks(pprof::read(&whole(input)?)?)),
        Some(sniff::Kind::Callgrind) => {
            Ok(Input::Profile(Box::new(callgrind::read(&whole(input)?)?.profile)))
        }
        kind => match (pstats::read(input), kind) {
            (Ok(profile), _) => Ok(Input::Profile(Box::new(profile))),
            (Err(source), Some(looks_like)) => Err(Error::Other {
                looks_like,
                source: Box::new(source),
            }),
            (Err(source), None) => Err(source),
        },
    }
}

fn whole(mut input: impl Read) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    match input.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(source) => Err(marshal::Error::Io {
            offset: bytes.len() as u64,
            source,
        }
        .into()),
    }
}

/// Text that its first bytes do not tell: folded stacks with long lines, or the text of another tool, which inferno
/// brings into folded form.
fn other_text(mut input: impl Read) -> Result<Input, Error> {
    // inferno looks for what it knows in all that it has read so far, again every ten lines: a large text that it does
    // not know would take it hours. What it knows shows at the beginning.
    const BEGINNING: u64 = 64 * 1024;
    let mut beginning = Vec::new();
    input
        .by_ref()
        .take(BEGINNING)
        .read_to_end(&mut beginning)
        .map_err(Error::Collapse)?;
    if sniff::is_folded(&beginning) {
        let all = Cursor::new(beginning).chain(input);
        return Ok(Input::Stacks(folded::read(BufReader::with_capacity(
            BUFFER, all,
        ))?));
    }
    if collapse(&beginning[..])?.is_empty() {
        return Err(Error::UnknownText);
    }
    let folded = collapse(Cursor::new(beginning).chain(input))?;
    Ok(Input::Stacks(folded::read(&folded[..])?))
}

fn collapse(input: impl Read) -> Result<Vec<u8>, Error> {
    let mut options = inferno::collapse::guess::Options::default();
    options.nthreads = 1;
    let mut folded = Vec::new();
    inferno::collapse::guess::Folder::from(options)
        .collapse(BufReader::new(input), &mut folded)
        .map_err(Error::Collapse)?;
    Ok(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_text_that_nobody_knows_is_refused_at_once() {
        let text = "some words on a line that mean nothing\n".repeat(200_000);
        assert!(matches!(read(text.as_bytes()), Err(Error::UnknownText)));
    }
}
