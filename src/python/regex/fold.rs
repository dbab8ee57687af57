//! Which characters `(?i)` takes for one another.
//!
//! Python lowers the character of the text and compares it with the lowered one of the expression, and
//! joins some lower-case characters that have the same upper case. Both were found by asking: search each
//! cased character, ignoring case, in all cased characters (`tests/python-regex/case_groups.py`).

use std::sync::OnceLock;

/// Lower-case characters joined in 3.6 to 3.8.
const JOINED: [&[u32]; 16] = [
    &[0x69, 0x131],
    &[0x73, 0x17F],
    &[0xB5, 0x3BC],
    &[0x345, 0x3B9, 0x1FBE],
    &[0x390, 0x1FD3],
    &[0x3B0, 0x1FE3],
    &[0x3B2, 0x3D0],
    &[0x3B5, 0x3F5],
    &[0x3B8, 0x3D1],
    &[0x3BA, 0x3F0],
    &[0x3C0, 0x3D6],
    &[0x3C1, 0x3F1],
    &[0x3C2, 0x3C3],
    &[0x3C6, 0x3D5],
    &[0x1E61, 0x1E9B],
    &[0xFB05, 0xFB06],
];

/// Joined in addition from 3.9 on.
const JOINED_SINCE_3_9: [&[u32]; 8] = [
    &[0x432, 0x1C80],
    &[0x434, 0x1C81],
    &[0x43E, 0x1C82],
    &[0x441, 0x1C83],
    &[0x442, 0x1C84, 0x1C85],
    &[0x44A, 0x1C86],
    &[0x463, 0x1C87],
    &[0x1C88, 0xA64B],
];

/// Where characters that have a lower case of their own are; to look at all of Unicode takes too long.
const CASED_BLOCKS: [std::ops::Range<u32>; 6] = [
    0..0x590,
    0x10A0..0x2190,
    0x24B0..0x2D30,
    0xA640..0xABC0,
    0xFF20..0x1_1900,
    0x1_6E40..0x1_E950,
];

/// The simple lower case of a character. (Only U+0130 has a longer full one, and it begins with the simple one.)
pub(super) fn lower(code: u32) -> u32 {
    match char::from_u32(code) {
        Some(c) => c.to_lowercase().next().map_or(code, u32::from),
        None => code,
    }
}

/// The characters that equal each other, group by group; those that equal only themselves are left out.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Vec<u32>>,
}

impl Groups {
    /// Made once, and only if a character beyond ASCII asks for them.
    pub(super) fn get(since_3_9: bool) -> &'static Groups {
        static GROUPS: [OnceLock<Groups>; 2] = [const { OnceLock::new() }; 2];
        GROUPS[usize::from(since_3_9)].get_or_init(|| Groups::new(since_3_9))
    }

    fn new(since_3_9: bool) -> Self {
        let more: &[&[u32]] = if since_3_9 { &JOINED_SINCE_3_9 } else { &[] };
        let joined: Vec<&[u32]> = JOINED.iter().chain(more).copied().collect();
        // By the first lower-case character of the group.
        let mut groups = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for group in &joined {
            groups.insert(group[0], group.to_vec());
        }
        for code in CASED_BLOCKS.into_iter().flatten() {
            let lower = lower(code);
            if lower != code {
                let joined = joined.iter().find(|group| group.contains(&lower));
                let key = joined.map_or(lower, |group| group[0]);
                groups.entry(key).or_insert_with(|| vec![lower]).push(code);
            }
        }
        Groups {
            groups: groups.into_values().collect(),
        }
    }

    /// All groups with a member in this range.
    pub(super) fn of_range(&self, low: u32, high: u32) -> impl Iterator<Item = &[u32]> {
        let in_range = move |code: &u32| (low..=high).contains(code);
        self.groups
            .iter()
            .filter(move |group| group.iter().any(in_range))
            .map(Vec::as_slice)
    }
}

/// What equals this ASCII letter, itself included; `None` if it is none.
pub(super) fn of_ascii(code: u32, unicode: bool) -> Option<Vec<u32>> {
    let byte = u8::try_from(code).ok().filter(u8::is_ascii_alphabetic)?;
    let upper = byte.to_ascii_uppercase();
    let mut group = vec![u32::from(upper), u32::from(byte.to_ascii_lowercase())];
    if unicode {
        match upper {
            b'I' => group.extend([0x130, 0x131]),
            b'K' => group.push(0x212A),
            b'S' => group.push(0x17F),
            _ => {}
        }
    }
    Some(group)
}

/// What equals this character, itself included.
pub(super) fn equals(code: u32, unicode: bool, since_3_9: bool) -> Vec<u32> {
    if let Some(group) = of_ascii(code, unicode) {
        return group;
    }
    let known = (code >= 0x80 && unicode).then(|| Groups::get(since_3_9).of_range(code, code).next());
    known.flatten().map_or_else(|| vec![code], <[u32]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_hold_all_cased_characters() {
        for code in (0..0x11_0000).filter(|&code| lower(code) != code) {
            assert!(CASED_BLOCKS.iter().any(|block| block.contains(&code)), "{code:x}");
        }
    }

    #[test]
    fn ascii_letters_need_no_table() {
        for code in 0x41..0x7B {
            let mut quick = equals(code, true, true);
            let mut full = Groups::get(true)
                .of_range(code, code)
                .next()
                .map_or(vec![code], <[u32]>::to_vec);
            quick.sort_unstable();
            full.sort_unstable();
            assert_eq!(quick, full, "{code:x}");
        }
    }
}
