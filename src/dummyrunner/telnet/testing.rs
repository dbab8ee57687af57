//! What tests of several modules need.

/// Cuts bytes at these places, as far as they lie inside.
pub(super) fn cut<'a>(bytes: &'a [u8], at: &[usize]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = at.iter().map(|&at| at.min(bytes.len())).collect();
    at.sort_unstable();
    let mut chunks = Vec::new();
    let mut from = 0;
    for at in at {
        chunks.push(&bytes[from..at]);
        from = at;
    }
    chunks.push(&bytes[from..]);
    chunks
}
