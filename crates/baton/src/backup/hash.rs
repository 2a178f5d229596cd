//! Copying with a checksum.

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// What was copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Hashed {
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Copies all that `from` has.
///
/// # Errors
/// If it can't be read, or `to` can't be written.
pub fn copy(from: &mut impl Read, to: &mut impl Write, bar: &ProgressBar) -> io::Result<Hashed> {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = chunk.get(..length).unwrap_or_default();
        to.write_all(read)?;
        digest.update(read);
        bytes += length as u64;
        bar.inc(length as u64);
    }
    let sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Hashed { bytes, sha256 })
}
