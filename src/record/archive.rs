//! A zip file with one module, which Python imports as from a folder, without writing a compiled copy anywhere.
//! Source: the ZIP application note of PKWARE, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.16 (end).

use flate2::Crc;

/// The bytes of an archive that holds one file, not compressed.
///
/// # Errors
/// If name or content are too long for one.
pub(super) fn of(name: &str, content: &[u8]) -> Result<Vec<u8>, std::num::TryFromIntError> {
    let mut crc = Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len())?;
    let name_length = u16::try_from(name.len())?;
    // Version 1.0, no flags, stored, the first day that a zip file knows.
    let mut common = Vec::new();
    for word in [10, 0, 0, 0, 0x21_u16] {
        common.extend(word.to_le_bytes());
    }
    for word in [crc.sum(), size, size] {
        common.extend(word.to_le_bytes());
    }
    common.extend(name_length.to_le_bytes());
    common.extend(0_u16.to_le_bytes());

    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(&common);
    archive.extend(name.as_bytes());
    archive.extend(content);
    let directory = u32::try_from(archive.len())?;
    archive.extend(b"PK\x01\x02\x0a\x00");
    archive.extend(&common);
    // No comment, disk 0, no attributes, the file's place: the start.
    archive.extend([0; 14]);
    archive.extend(name.as_bytes());
    let directory_size = u32::try_from(archive.len())? - directory;
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    archive.extend(directory_size.to_le_bytes());
    archive.extend(directory.to_le_bytes());
    archive.extend([0; 2]);
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_laid_out_as_the_note_says() {
        let archive = of("a.py", b"x = 1\n").expect("short");
        // Written by Python's zipfile with these contents and this date, but for its version 2.0 and attributes.
        let expected = [
            &b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0"[..],
            &0x8bf6_893b_u32.to_le_bytes(),
            b"\x06\0\0\0\x06\0\0\0\x04\0\0\0a.pyx = 1\n",
        ]
        .concat();
        assert_eq!(archive[..14], expected[..14]);
        assert_eq!(archive[18..expected.len()], expected[18..]);
        assert_eq!(archive.len(), 30 + 4 + 6 + 46 + 4 + 22);
        // The directory begins behind the file, and the end says so.
        assert_eq!(archive[40..44], *b"PK\x01\x02");
        assert_eq!(archive[archive.len() - 6..], [40, 0, 0, 0, 0, 0]);
    }
}
