//! Stacks read with few calls of the system.
//!
//! py-spy reads each function's code, name and file again at each look: some 280 calls for a server's stack of 45
//! functions, while which the server stands still. Here a look follows the frames, in some 11 calls; what a code is
//! called is read once, and holds as long as the code's own pointers to its names are the same.
//!
//! Kept true: nothing is believed before a whole stack came out here as py-spy read it. Where that never happens, the
//! places of [`Layout`] are not those of this build, and py-spy is left to do it all.

use super::collect::Function;
use super::layout::{Layout, NEXT, OWNED_BY_C, STRING_LENGTH, STRING_STATE};
use super::memory::Memory;
use nix::unistd::Pid;
use std::collections::HashMap;
use std::sync::Arc;

/// Threads of one process, and frames of one stack, at most: more is no stack but other memory.
const MOST: usize = 4096;
/// Stacks that came out otherwise, from which on it is not tried again.
const MISFITS: u32 = 50;
/// Bytes of the longest name.
const LONGEST: usize = 1 << 16;
/// Codes that are remembered: a program may make new ones for ever.
const MOST_KNOWN: usize = 100_000;

/// Follows the frames of one process.
#[derive(Debug)]
pub(super) struct Walker {
    layout: &'static Layout,
    memory: Memory,
    /// Where the interpreter is.
    interpreter: usize,
    known: HashMap<usize, (Names, Arc<Function>)>,
    misfits: u32,
    is_proven: bool,
    /// The heads of codes, while they are looked at.
    heads: Vec<u8>,
}

/// A thread as Python keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thread {
    /// Where it is.
    address: usize,
    /// The number that Python gives it.
    pub(super) number: u64,
    /// The number that the system gives it.
    pub(super) system: Option<u64>,
}

/// The codes on a stack, the innermost first.
#[derive(Clone, Debug)]
pub(super) struct Walked {
    pub(super) thread: Thread,
    codes: Vec<usize>,
    names: Vec<Names>,
}

/// What tells one code from another that came to the same place: its first line, file, name and qualified name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Names {
    line: i32,
    at: [u64; 3],
}

impl Walker {
    /// `None` where the places of this version are not known.
    pub(super) fn of(pid: Pid, major: u64, minor: u64, interpreter: usize) -> Option<Walker> {
        let layout = Layout::of(minor).filter(|_| major == 3)?;
        Some(Walker {
            layout,
            memory: Memory::of(pid),
            interpreter,
            known: HashMap::new(),
            misfits: 0,
            is_proven: false,
            heads: Vec::new(),
        })
    }

    /// The threads that there are now; what was read before is forgotten.
    pub(super) fn threads(&mut self) -> Option<Vec<Thread>> {
        self.memory.forget();
        let mut threads = Vec::new();
        let mut address = self.memory.word(self.interpreter + self.layout.threads)?;
        while address != 0 {
            if threads.len() == MOST {
                return None;
            }
            let system = match self.layout.system_thread {
                Some(place) => Some(self.memory.word(address.checked_add(place)?)? as u64),
                None => None,
            };
            threads.push(Thread {
                address,
                number: self.memory.word(address.checked_add(self.layout.thread)?)? as u64,
                system,
            });
            address = self.memory.word(address.checked_add(NEXT)?)?;
        }
        Some(threads)
    }

    /// The stack of one of them.
    pub(super) fn walk(&mut self, thread: Thread) -> Option<Walked> {
        let layout = self.layout;
        let mut frame = self.memory.word(thread.address.checked_add(layout.frame)?)?;
        if let Some(place) = layout.frame_in {
            frame = self.memory.word(frame.checked_add(place)?)?;
        }
        let mut codes = Vec::new();
        let mut frames = 0;
        while frame != 0 {
            frames += 1;
            if frames > MOST {
                return None;
            }
            let is_shim = match layout.owner {
                Some(place) => self.memory.byte(frame.checked_add(place)?)? == OWNED_BY_C,
                None => false,
            };
            if !is_shim {
                codes.push(self.memory.word(frame.checked_add(layout.code)?)?);
            }
            frame = self.memory.word(frame.checked_add(layout.back)?)?;
        }
        let names = self.names(&codes)?;
        Some(Walked { thread, codes, names })
    }

    fn names(&mut self, codes: &[usize]) -> Option<Vec<Names>> {
        let layout = self.layout;
        let last = layout.qualified.unwrap_or(layout.name);
        let length = last + 8 - layout.line;
        let places: Option<Vec<usize>> = codes.iter().map(|code| code.checked_add(layout.line)).collect();
        self.memory.each(&places?, length, &mut self.heads)?;
        let names = self.heads.chunks(length).map(|head| {
            let word = |place: usize| {
                let at = place - layout.line;
                head[at..]
                    .first_chunk()
                    .map_or(0, |word| u64::from_ne_bytes(*word))
            };
            Names {
                line: head.first_chunk().map_or(0, |line| i32::from_ne_bytes(*line)),
                at: [
                    word(layout.file),
                    word(layout.name),
                    layout.qualified.map_or(0, word),
                ],
            }
        });
        Some(names.collect())
    }

    /// Its functions, the innermost first; `None` if one of them is no more.
    pub(super) fn functions(&mut self, walked: &Walked) -> Option<Vec<Arc<Function>>> {
        let mut functions = Vec::with_capacity(walked.codes.len());
        for (&code, &names) in walked.codes.iter().zip(&walked.names) {
            if let Some((known, function)) = self.known.get(&code)
                && *known == names
            {
                functions.push(Arc::clone(function));
                continue;
            }
            let function = Arc::new(self.function(names)?);
            // Where the thread is not stopped, it may have ended meanwhile, and something else come to its place.
            if self.names(&[code])? != [names] {
                return None;
            }
            if self.known.len() >= MOST_KNOWN {
                self.known.clear();
            }
            self.known.insert(code, (names, Arc::clone(&function)));
            functions.push(function);
        }
        Some(functions)
    }

    fn function(&mut self, names: Names) -> Option<Function> {
        let [file, name, qualified] = names.at;
        let name = if qualified == 0 { name } else { qualified };
        Some(Function {
            name: self.text(usize::try_from(name).ok()?)?,
            file: self.text(usize::try_from(file).ok()?)?,
            line: i64::from(names.line),
        })
    }

    /// A string of Python.
    fn text(&mut self, address: usize) -> Option<String> {
        let length = self.memory.word(address.checked_add(STRING_LENGTH)?)?;
        let state = self.memory.byte(address.checked_add(STRING_STATE)?)?;
        let (kind, is_compact, is_ascii) = (
            usize::from(state >> 2 & 7),
            state >> 5 & 1 == 1,
            state >> 6 & 1 == 1,
        );
        let size = length
            .checked_mul(kind)
            .filter(|&size| size <= LONGEST && is_compact)?;
        let start = match is_ascii {
            true => self.layout.ascii,
            false => self.layout.wide,
        };
        let mut bytes = vec![0; size];
        self.memory.copy(address.checked_add(start)?, &mut bytes)?;
        let points: Vec<u32> = match kind {
            1 => bytes.iter().map(|&byte| u32::from(byte)).collect(),
            2 => {
                let (pairs, _) = bytes.as_chunks();
                pairs
                    .iter()
                    .map(|&pair| u32::from(u16::from_ne_bytes(pair)))
                    .collect()
            }
            4 => {
                let (fours, _) = bytes.as_chunks();
                fours.iter().map(|&four| u32::from_ne_bytes(four)).collect()
            }
            _ => return None,
        };
        // A lone surrogate is no character elsewhere.
        let characters = points
            .into_iter()
            .map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
        Some(characters.collect())
    }

    /// Did a stack come out here as py-spy read it?
    pub(super) fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Is the thread where it was then?
    pub(super) fn is_still(&mut self, walked: &Walked) -> bool {
        self.memory.forget();
        let again = self.walk(walked.thread);
        again.is_some_and(|again| again.codes == walked.codes && again.names == walked.names)
    }

    /// What py-spy found on the same stack.
    pub(super) fn compare(&mut self, walked: &Walked, functions: &[Arc<Function>]) {
        if functions.is_empty() {
            return;
        }
        if self.functions(walked).as_deref() == Some(functions) {
            self.is_proven = true;
        } else {
            self.misfits += 1;
        }
    }

    /// It was never proven: the places are others in this build.
    pub(super) fn is_lost(&self) -> bool {
        !self.is_proven && self.misfits >= MISFITS
    }
}
