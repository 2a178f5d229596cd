//! Which trace a request belongs to: the W3C trace context (`traceparent`).

use std::fmt;

/// The id of a trace; never all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

/// The id of a span; never all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub [u8; 8]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex::<16, 32>(self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex::<8, 16>(self.0, f)
    }
}

/// Writes bytes as digits, all at once: each request has its trace in a header and in the log.
fn write_hex<const BYTES: usize, const DIGITS: usize>(bytes: [u8; BYTES], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const { assert!(DIGITS == 2 * BYTES) };
    let mut text = [0; DIGITS];
    for (digits, byte) in text.as_chunks_mut().0.iter_mut().zip(bytes) {
        *digits = hex_digits(byte);
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn hex_digits(byte: u8) -> [u8; 2] {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

/// What a `traceparent` header says: a span of a trace, and whether the trace is being recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether whoever sent it records the trace.
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a header; `None` if it is not of the format, in which case a new trace begins. A later version may say
    /// more after what is known here.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let [version] = bytes::<1>(parts.next()?)?;
        let context = Self {
            trace: TraceId(bytes(parts.next()?)?),
            span: SpanId(bytes(parts.next()?)?),
            // One bit alone says it; the others have other meanings, or none yet.
            sampled: bytes::<1>(parts.next()?)?[0] & 1 == 1,
        };
        // W3C Trace Context: `ff` is forbidden, version 00 has exactly four parts, and a later one may have more.
        let known = version != 0xff && (version > 0 || parts.next().is_none());
        let named = context.trace.0 != [0; 16] && context.span.0 != [0; 8];
        (known && named).then_some(context)
    }
}

/// As the header says it.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { "01" } else { "00" };
        write!(f, "00-{}-{}-{flags}", self.trace, self.span)
    }
}

/// Exactly that many bytes in lower-case hexadecimal digits.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Checked first: `from_str_radix` takes a sign (`+a`), and upper case is not allowed in this header.
    let digits = text.len() == 2 * N && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate().filter(|_| digits) {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    digits.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    #[test]
    fn a_header_is_read_and_written() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = TraceContext::parse(header);
        assert_eq!(context.map(|context| context.to_string()).as_deref(), Some(header));
        assert_eq!(TraceContext::parse(&header.replace("-01", "-00")).map(|context| context.sampled), Some(false));
        let later = header.replacen("00-", "cc-", 1) + "-more";
        assert_eq!(TraceContext::parse(&later), context, "what a later version adds is passed over");
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let zeros = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for header in [
            "",
            "00",
            "00-1-2-01",
            zeros,
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c8031éé-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }
}
