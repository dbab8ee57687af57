//! The memory of another process, read a page at a time: stacks lie close together, and each read is a call of the
//! system.

use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use std::io::IoSliceMut;

/// The least page of any Linux. Where pages are larger, this much lies in one, too.
const PAGE: usize = 4096;
/// As many places as one call may read.
const PLACES: usize = 1024;

/// What was read of it in one look.
#[derive(Debug)]
pub(super) struct Memory {
    pid: Pid,
    /// Where each page begins.
    begins: Vec<usize>,
    /// Their bytes, one after the other.
    pages: Vec<u8>,
}

impl Memory {
    pub(super) fn of(pid: Pid) -> Memory {
        Memory {
            pid,
            begins: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// What was read is old now.
    pub(super) fn forget(&mut self) {
        self.begins.clear();
        self.pages.clear();
    }

    /// A number of 8 bytes; `None` if there is nothing.
    pub(super) fn word(&mut self, address: usize) -> Option<usize> {
        let mut bytes = [0; 8];
        self.copy(address, &mut bytes)?;
        usize::try_from(u64::from_ne_bytes(bytes)).ok()
    }

    /// One byte.
    pub(super) fn byte(&mut self, address: usize) -> Option<u8> {
        let mut byte = [0];
        self.copy(address, &mut byte)?;
        Some(byte[0])
    }

    /// Fills `out` with what is there; `None` unless all is.
    pub(super) fn copy(&mut self, mut address: usize, mut out: &mut [u8]) -> Option<()> {
        while !out.is_empty() {
            let begin = address & !(PAGE - 1);
            let count = out.len().min(PAGE - (address - begin));
            let (first, rest) = out.split_at_mut(count);
            let page = self.page(begin)?;
            first.copy_from_slice(page.get(address - begin..address - begin + count)?);
            (address, out) = (address.checked_add(count)?, rest);
        }
        Some(())
    }

    fn page(&mut self, begin: usize) -> Option<&[u8]> {
        // The page of one thing is most often that of the thing before.
        let at = match self.begins.iter().rposition(|&known| known == begin) {
            Some(at) => at,
            None => {
                let at = self.begins.len();
                self.pages.resize((at + 1) * PAGE, 0);
                let page = &mut self.pages[at * PAGE..];
                let remote = [RemoteIoVec {
                    base: begin,
                    len: PAGE,
                }];
                let read = process_vm_readv(self.pid, &mut [IoSliceMut::new(page)], &remote);
                if read != Ok(PAGE) {
                    self.pages.truncate(at * PAGE);
                    return None;
                }
                self.begins.push(begin);
                at
            }
        };
        Some(&self.pages[at * PAGE..(at + 1) * PAGE])
    }

    /// So many bytes from each of these places, one after the other; `None` unless all are there.
    pub(super) fn each(&self, places: &[usize], length: usize, out: &mut Vec<u8>) -> Option<()> {
        out.clear();
        out.resize(places.len() * length, 0);
        for (places, out) in places.chunks(PLACES).zip(out.chunks_mut(PLACES * length)) {
            let remote: Vec<RemoteIoVec> = places
                .iter()
                .map(|&base| RemoteIoVec { base, len: length })
                .collect();
            let wanted = out.len();
            let read = process_vm_readv(self.pid, &mut [IoSliceMut::new(out)], &remote);
            if read != Ok(wanted) {
                return None;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_reads_as_it_is() {
        let bytes: Vec<u8> = (0..3 * PAGE).map(|at| (at / 7) as u8).collect();
        let address = bytes.as_ptr() as usize;
        let mut memory = Memory::of(nix::unistd::getpid());
        // Wherever a page ends in it, words lie across that, too.
        for at in 0..2 * PAGE {
            let word: [u8; 8] = bytes[at..at + 8].try_into().expect("eight");
            assert_eq!(memory.word(address + at), Some(u64::from_ne_bytes(word) as usize));
            assert_eq!(memory.byte(address + at), Some(bytes[at]));
        }
        assert!(memory.begins.len() <= 4);
        let places: Vec<usize> = (0..3000).map(|at| address + at * 3).collect();
        let mut out = Vec::new();
        memory.each(&places, 5, &mut out).expect("it is ours");
        let expected: Vec<u8> = (0..3000)
            .flat_map(|at| bytes[at * 3..at * 3 + 5].to_vec())
            .collect();
        assert_eq!(out, expected);
    }

    #[test]
    fn where_nothing_is_there_is_none() {
        let mut memory = Memory::of(nix::unistd::getpid());
        for address in [0, 8, usize::MAX - 3, usize::MAX] {
            assert_eq!(memory.word(address), None, "{address}");
        }
        assert_eq!(memory.each(&[0], 8, &mut Vec::new()), None);
        assert!(memory.begins.is_empty() && memory.pages.is_empty());
    }
}
