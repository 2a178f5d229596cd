//! Room on the disk that is set aside: a file that holds nothing, and is deleted when its room is needed.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Zeros written at a time.
static CHUNK: [u8; 64 << 10] = [0; 64 << 10];

/// Room set aside in a folder.
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Reserve {
    /// A reserve of that many bytes; what an earlier process set aside counts.
    pub fn new(folder: &Path, bytes: u64) -> Self {
        let path = folder.join("reserve");
        let held = path.metadata().is_ok_and(|file| file.len() == bytes);
        Self { path, bytes, held }
    }

    /// Sets the room aside, if it is not yet.
    ///
    /// # Errors
    /// If there is not that much.
    pub fn take(&mut self) -> io::Result<()> {
        if self.held || self.bytes == 0 {
            return Ok(());
        }
        let taken = self.fill();
        self.held = taken.is_ok();
        // A part of the reserve would take room and keep nothing safe.
        if taken.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        taken
    }

    /// Gives the room free.
    pub fn release(&mut self) {
        self.held = false;
        let _ = std::fs::remove_file(&self.path);
    }

    /// A file of zeros that are written, not skipped over: only those take room.
    fn fill(&self) -> io::Result<()> {
        let mut file = File::create(&self.path)?;
        let mut left = self.bytes;
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK.len());
            file.write_all(CHUNK.get(..length).unwrap_or(&CHUNK))?;
            left -= length as u64;
        }
        file.flush()
    }
}
