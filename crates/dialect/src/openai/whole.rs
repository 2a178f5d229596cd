//! Endpoints that never stream: a reader and writer for those who ask for one all the same.

use crate::{ReadError, Reader, Writer};
use baton_model::{Event, PublicError};
use bytes::Bytes;

/// Reads nothing, writes nothing.
#[derive(Debug)]
pub(super) struct NoStream;

impl Reader for NoStream {
    fn push(&mut self, _frame: &[u8]) -> Result<Vec<Event>, ReadError> {
        Err(ReadError::new("", "this endpoint has no streams"))
    }

    fn finish(&mut self) -> Vec<Event> {
        Vec::new()
    }
}

impl Writer for NoStream {
    fn push(&mut self, _event: &Event) -> Bytes {
        Bytes::new()
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        super::stream::fail(error, request_id)
    }
}
