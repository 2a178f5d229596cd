//! One capability of one format, in both directions.

use crate::encoded::{EncodedBody, ReplyContext, RewrittenRequest};
use crate::read_error::ReadError;
use crate::stream::{StreamReader, StreamWriter};
use baton_model::{Body, Detail, Operation, ReplyEvent, Target};

/// One capability of one format, in both directions.
///
/// The required methods are what passthrough needs. The others are what translation and streams need; an endpoint
/// without a counterpart in other formats, or without streams, leaves them out.
pub trait Codec: Send + Sync {
    /// Changes what must be changed in a request of the same format, and keeps every other byte: the model's name,
    /// the operator's defaults for absent fields, limits that were lowered, usage reporting in streams.
    ///
    /// # Errors
    /// If a field to be changed has a form that the provider would refuse too.
    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError>;

    /// Reads a provider's whole reply (status 200).
    ///
    /// # Errors
    /// If it is not of this format.
    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError>;

    /// Reads of a whole reply that goes to the client as it came what has to be known of it: what it consumed, how it
    /// ended. Other events may be left out where finding them is dear.
    ///
    /// # Errors
    /// If it is not of this format, as far as it was looked at.
    fn read_reply_facts(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        self.read_reply(body)
    }

    /// Reads a client's request. Lenient where the vendor is; what only this format knows becomes an extension.
    ///
    /// # Errors
    /// If it is not JSON, or a field does not have the type or value that the format requires: the field is named.
    /// Always, if requests of this endpoint are only passed through.
    fn read_request(&self, _body: &[u8]) -> Result<Operation, ReadError> {
        Err(passthrough_only())
    }

    /// Writes a request for a provider. Lists what the format, or this model, does not support.
    ///
    /// # Errors
    /// If the operation is of a capability that this codec does not write.
    fn write_request(&self, _operation: &Operation, _target: &Target) -> Result<EncodedBody, ReadError> {
        Err(passthrough_only())
    }

    /// Writes a whole reply for a client; `None` if replies of this endpoint are only passed through.
    fn write_reply(&self, _events: &[ReplyEvent], _context: &ReplyContext) -> Option<EncodedBody> {
        None
    }

    /// A reader for a provider's stream; `None` if the endpoint never streams.
    fn stream_reader(&self, _detail: Detail) -> Option<Box<dyn StreamReader>> {
        None
    }

    /// A writer for a client's stream; `None` if the endpoint never streams.
    fn stream_writer(&self, _context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        None
    }
}

fn passthrough_only() -> ReadError {
    ReadError::new("", "this endpoint is only passed through, to providers of the same format")
}

#[cfg(test)]
mod tests {
    use crate::ReplyContext;
    use baton_model::{Capability, Detail, Dialect};

    /// Which endpoints leave what out: (format, endpoint, writes requests, writes replies, streams).
    #[test]
    fn optional_methods_are_left_out_where_there_is_nothing_to_do() {
        let mut incomplete = Vec::new();
        for dialect in Dialect::ALL {
            // These are no capabilities that models list.
            for capability in Capability::ALL.into_iter().chain([Capability::TokenCount, Capability::Compaction]) {
                let Some(codec) = crate::codec(dialect, capability) else { continue };
                let reads = !codec.read_request(b"{}").is_err_and(|error| error == super::passthrough_only());
                let writes = codec.write_reply(&[], &ReplyContext::default()).is_some();
                let streams = [
                    codec.stream_reader(Detail::Full).is_some(),
                    codec.stream_reader(Detail::MeterOnly).is_some(),
                    codec.stream_writer(ReplyContext::default()).is_some(),
                ];
                assert!(streams.iter().all(|has| *has == streams[0]), "{dialect} {capability}: {streams:?}");
                if !(reads && writes && streams[0]) {
                    incomplete.push((dialect, capability, reads, writes, streams[0]));
                }
            }
        }
        let expected = [
            (Dialect::OpenAi, Capability::Embedding, true, true, false),
            (Dialect::OpenAi, Capability::Rerank, false, false, false),
            (Dialect::OpenAi, Capability::Moderation, false, false, false),
            (Dialect::Responses, Capability::TokenCount, true, false, false),
            (Dialect::Responses, Capability::Compaction, false, false, false),
            (Dialect::Anthropic, Capability::TokenCount, true, false, false),
            (Dialect::Ollama, Capability::Embedding, true, true, false),
        ];
        assert_eq!(incomplete, expected);
    }
}
