//! Bodies that somebody has compressed (RFC 9110, section 8.4): clients, and services that do so whatever they are asked.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use futures::{Stream, TryStreamExt as _};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use std::io;
use tokio_util::io::{ReaderStream, StreamReader};

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentEncoding {
    /// `gzip`, `x-gzip`.
    Gzip,
    /// `deflate`: in the format of zlib, as the RFC has it.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// An encoding that nothing here decodes, or a second one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEncoding(pub HeaderValue);

/// The window that a body may ask for, as a power of two: what RFC 8878 has every decoder support. A body could ask for
/// gigabytes.
const ZSTD_WINDOW: u32 = 23;

/// How large the pieces of a decoded body are.
const PIECE: usize = 64 << 10;

impl ContentEncoding {
    /// What the header says; `None` if the body is not encoded.
    ///
    /// # Errors
    /// If nothing here decodes it, or it is encoded more than once.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, UnknownEncoding> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let name = value.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        let encoding = match name.as_str() {
            "" | "identity" => None,
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => return Err(UnknownEncoding(value.clone())),
        };
        match values.next() {
            Some(second) => Err(UnknownEncoding(second.clone())),
            None => Ok(encoding),
        }
    }

    /// The name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The memory that a decoder needs beside what it has decoded, in bytes: the largest window of its format.
    pub fn decoder_bytes(self) -> u64 {
        match self {
            Self::Gzip | Self::Deflate => 64 << 10,
            Self::Brotli => 16 << 20,
            Self::Zstd => 1 << ZSTD_WINDOW,
        }
    }

    /// The body as it was before, as far as it has come. What does not decode ends in an error; an error of the body itself
    /// stays inside that of the stream.
    pub fn decode<E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static>(
        self,
        body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> BoxStream<'static, io::Result<Bytes>> {
        let reader = StreamReader::new(Box::pin(body.map_err(io::Error::other)));
        match self {
            Self::Gzip => {
                let mut decoder = GzipDecoder::new(reader);
                // Files of gzip may have several parts, one after the other.
                decoder.multiple_members(true);
                read(decoder)
            }
            Self::Deflate => read(ZlibDecoder::new(reader)),
            Self::Brotli => read(BrotliDecoder::new(reader)),
            Self::Zstd => {
                let mut decoder = ZstdDecoder::with_params(reader, &[DParameter::window_log_max(ZSTD_WINDOW)]);
                decoder.multiple_members(true);
                read(decoder)
            }
        }
    }
}

fn read(decoder: impl tokio::io::AsyncRead + Send + 'static) -> BoxStream<'static, io::Result<Bytes>> {
    ReaderStream::with_capacity(decoder, PIECE).boxed()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
    use tokio::io::AsyncWriteExt as _;

    async fn encoded(encoding: ContentEncoding, text: &[u8]) -> Vec<u8> {
        macro_rules! with {
            ($encoder:ident) => {{
                let mut encoder = $encoder::new(Vec::new());
                encoder.write_all(text).await.unwrap();
                encoder.shutdown().await.unwrap();
                encoder.into_inner()
            }};
        }
        match encoding {
            ContentEncoding::Gzip => with!(GzipEncoder),
            ContentEncoding::Deflate => with!(ZlibEncoder),
            ContentEncoding::Brotli => with!(BrotliEncoder),
            ContentEncoding::Zstd => with!(ZstdEncoder),
        }
    }

    async fn decoded(encoding: ContentEncoding, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let body = futures::stream::iter([Ok::<_, io::Error>(Bytes::copy_from_slice(bytes))]);
        encoding.decode(body).try_fold(Vec::new(), async |whole, piece| Ok([&whole[..], &piece].concat())).await
    }

    fn header(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value))).collect()
    }

    #[tokio::test]
    async fn every_encoding_is_decoded_and_a_broken_body_ends_in_an_error() {
        for name in ["gzip", "deflate", "br", "zstd"] {
            let encoding = ContentEncoding::of(&header(&[name])).unwrap().unwrap();
            let text = b"words, words, words".repeat(10_000);
            let bytes = encoded(encoding, &text).await;
            assert!(decoded(encoding, &bytes).await.unwrap() == text, "{name}");
            let half = bytes.get(..bytes.len() / 2).unwrap();
            assert!(decoded(encoding, half).await.is_err(), "{name}: the half of it");
            assert!(decoded(encoding, b"not encoded at all").await.is_err(), "{name}");
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        assert_eq!(ContentEncoding::of(&header(&[])).unwrap(), None);
        assert_eq!(ContentEncoding::of(&header(&["identity"])).unwrap(), None);
        for values in [&["compress"][..], &["gzip, gzip"], &["gzip", "gzip"]] {
            assert!(ContentEncoding::of(&header(values)).is_err(), "{values:?}");
        }
    }
}
