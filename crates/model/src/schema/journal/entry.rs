//! What an entry says, and how it is written.

use super::compact::CompactRequest;
use super::frame;
use super::start::{RequestStart, StartId};
use crate::id::RequestId;
use crate::record::RequestRecord;

/// What an entry says.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalEntry {
    /// A request was about to be sent to a provider.
    Start(EncodedStart),
    /// A request ended.
    End(Box<RequestRecord>),
}

/// The start of a request, left as it was written: nearly every request ends, and then nobody reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedStart {
    /// The request.
    pub id: RequestId,
    written: Written,
}

#[derive(Debug, Clone, PartialEq)]
enum Written {
    Compact(Box<[u8]>),
    Json(Box<str>),
}

const START: u8 = b's';
const END: u8 = b'e';

/// Writes the start of a request behind what is in the buffer.
pub fn write_start(start: &RequestStart<'_>, buffer: &mut Vec<u8>) {
    frame::write(START, buffer, |buffer| {
        // A buffer takes whatever is written, and the length of each list and map is known.
        let _ = rmp_serde::encode::write(buffer, start);
    });
}

/// The same for the end of a request.
pub fn write_end(record: &RequestRecord, buffer: &mut Vec<u8>) {
    frame::write(END, buffer, |buffer| {
        // As above.
        let _ = CompactRequest::serialize(record, &mut rmp_serde::Serializer::new(buffer));
    });
}

impl JournalEntry {
    /// Reads what a frame of that kind holds; `None` if this version can't.
    pub fn read(kind: u8, payload: &[u8]) -> Option<Self> {
        match kind {
            START => {
                let StartId(id) = rmp_serde::from_slice(payload).ok()?;
                Some(Self::Start(EncodedStart { id, written: Written::Compact(payload.into()) }))
            }
            END => {
                let record = CompactRequest::deserialize(&mut rmp_serde::Deserializer::from_read_ref(payload)).ok()?;
                Some(Self::End(Box::new(record)))
            }
            _ => None,
        }
    }
}

impl EncodedStart {
    /// One that an earlier version wrote.
    pub(super) fn from_json(id: RequestId, record: &str) -> Self {
        Self { id, written: Written::Json(record.into()) }
    }

    /// The record of the request as far as its start tells; `None` if it can't be read.
    pub fn read(&self) -> Option<RequestRecord> {
        match &self.written {
            Written::Compact(bytes) => {
                rmp_serde::from_slice::<RequestStart<'_>>(bytes).ok().map(RequestStart::into_interrupted)
            }
            Written::Json(text) => serde_json::from_str(text).ok(),
        }
    }
}
