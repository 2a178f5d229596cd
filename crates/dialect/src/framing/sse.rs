//! Server-sent events: cut out of a stream, taken apart, written.
//!
//! Reference: WHATWG HTML, "Server-sent events", section "Parsing an event stream".

use super::TooLong;
use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// Cuts chunks into frames: an event with the blank line that ends it. Lines end with `\n`, `\r\n` or `\r`; blank lines
/// before an event belong to it. A frame that lies within one chunk is not copied, and no byte is looked at twice.
#[derive(Debug)]
pub struct SseSplitter {
    limit: usize,
    /// The beginning of a frame whose end has not come.
    pending: BytesMut,
    line: Line,
    /// Whether the frame has a line that is not blank.
    has_line: bool,
    /// Whether a frame has been delivered.
    begun: bool,
}

/// The byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Where in a line the splitter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// At its first byte.
    Start,
    /// Behind it.
    Inside,
    /// Behind a `\r`, to which a `\n` may still belong; `true` if the frame ends there.
    CarriageReturn(bool),
}

impl SseSplitter {
    /// A splitter that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, pending: BytesMut::new(), line: Line::Start, has_line: false, begun: false }
    }

    /// Takes a chunk; the frames that are complete now are appended to `frames`.
    ///
    /// # Errors
    /// If a frame is larger than the limit.
    pub fn push(&mut self, chunk: Bytes, frames: &mut Vec<Bytes>) -> Result<(), TooLong> {
        let (mut from, mut at) = (0, 0);
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            if let Line::CarriageReturn(ends) = self.line {
                at += usize::from(rest.first() == Some(&b'\n'));
                self.line = Line::Start;
                if ends {
                    let frame = self.frame(&chunk, from, at)?;
                    self.deliver(frame, frames);
                    from = at;
                }
                continue;
            }
            let Some(length) = memchr2(b'\n', b'\r', rest) else {
                self.line = Line::Inside;
                break;
            };
            let blank = length == 0 && self.line == Line::Start;
            // Blank lines in front of an event are padding: only one behind a line ends the frame.
            let ends = blank && self.has_line;
            self.has_line |= !blank;
            at += length + 1;
            if rest.get(length) == Some(&b'\r') {
                // Whether a `\n` belongs to it may only be known with the next chunk.
                self.line = Line::CarriageReturn(ends);
                continue;
            }
            self.line = Line::Start;
            if ends {
                let frame = self.frame(&chunk, from, at)?;
                self.deliver(frame, frames);
                from = at;
            }
        }
        let rest = chunk.get(from..).unwrap_or_default();
        // Before copying, so that an endless line takes no more memory than the limit.
        self.check(self.pending.len() + rest.len())?;
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> Option<Bytes> {
        (self.line, self.has_line) = (Line::Start, false);
        Some(self.pending.split().freeze()).filter(|rest| !rest.is_empty())
    }

    /// The frame that ends at `to` in the chunk.
    fn frame(&mut self, chunk: &Bytes, from: usize, to: usize) -> Result<Bytes, TooLong> {
        self.has_line = false;
        self.check(self.pending.len() + to - from)?;
        if self.pending.is_empty() {
            return Ok(chunk.slice(from..to));
        }
        self.pending.extend_from_slice(chunk.get(from..to).unwrap_or_default());
        Ok(self.pending.split().freeze())
    }

    /// A byte order mark means nothing at the start of a stream, where it is a frame of its own, and is a part of a
    /// field's name anywhere else.
    fn deliver(&mut self, mut frame: Bytes, frames: &mut Vec<Bytes>) {
        if !std::mem::replace(&mut self.begun, true) && frame.starts_with(MARK) {
            frames.push(frame.split_to(MARK.len()));
        }
        frames.push(frame);
    }

    fn check(&self, size: usize) -> Result<(), TooLong> {
        if size > self.limit { Err(TooLong { limit: self.limit }) } else { Ok(()) }
    }
}

/// What one frame says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SseEvent<'a> {
    /// The event's name, if it has one.
    pub name: Option<&'a str>,
    /// Its data lines, joined by `\n`; `None` if it has none (a comment, a lone name).
    pub data: Option<Cow<'a, [u8]>>,
}

/// Takes one frame apart. Comments and fields other than `event` and `data` are passed over.
pub fn parse(frame: &[u8]) -> SseEvent<'_> {
    let mut event = SseEvent::default();
    let mut rest = frame;
    while !rest.is_empty() {
        let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(length);
        // The `\n` of a `\r\n` makes a blank line of its own, which says nothing.
        rest = after.get(1..).unwrap_or_default();
        let (field, value) = match memchr(b':', line) {
            Some(colon) => (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default()),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => event.name = std::str::from_utf8(value).ok(),
            b"data" => match &mut event.data {
                None => event.data = Some(Cow::Borrowed(value)),
                // Grows in place: a frame of a million short lines must not copy all before each.
                Some(before) => {
                    let joined = before.to_mut();
                    joined.push(b'\n');
                    joined.extend_from_slice(value);
                }
            },
            _ => {}
        }
    }
    event
}

/// An event as bytes.
pub fn write(name: Option<&str>, data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 16 + name.map_or(0, |name| name.len() + 8));
    push(&mut out, name, data);
    out.freeze()
}

/// Appends an event. Each line of the data is one of its own, whatever ends it.
pub fn push(out: &mut BytesMut, name: Option<&str>, data: &[u8]) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\n");
    }
    // A bare `\r` ends a line for readers as well: data with one would be cut there.
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n");
    }
    out.extend_from_slice(b"\n");
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Bytes> {
        let (mut splitter, mut frames) = (SseSplitter::new(usize::MAX), Vec::new());
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk), &mut frames).unwrap();
        }
        frames.extend(splitter.finish());
        frames
    }

    fn check(input: &str, frames: &[&str]) {
        assert_eq!(split([input.as_bytes()]), frames, "{input:?}");
    }

    #[test]
    fn frames_end_with_a_blank_line() {
        check("data: a\n\ndata: b\n\n", &["data: a\n\n", "data: b\n\n"]);
        check("data: a\r\n\r\ndata: b\r\n\r\n", &["data: a\r\n\r\n", "data: b\r\n\r\n"]);
        check("data: a\r\rdata: b\r\r", &["data: a\r\r", "data: b\r\r"]);
        check("\u{feff}: hi\n\n\n\nevent: x\ndata: b", &["\u{feff}", ": hi\n\n", "\n\nevent: x\ndata: b"]);
    }

    #[test]
    fn a_frame_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\n");
        let (mut splitter, mut frames) = (SseSplitter::new(100), Vec::new());
        splitter.push(chunk.clone(), &mut frames).unwrap();
        assert_eq!(frames.first().unwrap().as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn a_frame_has_a_limit() {
        let (mut splitter, mut frames) = (SseSplitter::new(8), Vec::new());
        assert!(splitter.push(Bytes::from_static(b"data: a\n"), &mut frames).is_ok());
        assert_eq!(splitter.push(Bytes::from_static(b"\n"), &mut frames), Err(TooLong { limit: 8 }));
    }

    #[test]
    fn events_are_taken_apart() {
        let event = parse(b": note\r\nevent: x\r\nid: 7\r\ndata: a\r\ndata:b\r\ndata\r\n\r\n");
        assert_eq!(event, SseEvent { name: Some("x"), data: Some(b"a\nb\n".into()) });
        assert_eq!(parse(b": ping\n\n"), SseEvent::default());
        assert_eq!(parse(b"\xef\xbb\xbfdata: a\n\n"), SseEvent::default());
        assert_eq!(write(Some("x"), b"a\nb"), &b"event: x\ndata: a\ndata: b\n\n"[..]);
        assert_eq!(parse(&write(None, b"{\r}")).data.as_deref(), Some(&b"{\n}"[..]));
    }

    /// What a reader of others' making sees: names and data of the events that are complete and have data.
    fn seen_by_another(input: &[u8]) -> Vec<(Option<String>, String)> {
        let bytes = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::copy_from_slice(input))]);
        let events = futures::executor::block_on_stream(sse_stream::SseStream::from_bytes_stream(bytes));
        events.map(Result::unwrap).filter_map(|event| Some((event.event, event.data?))).collect()
    }

    fn seen(input: &[u8]) -> Vec<(Option<String>, String)> {
        let (mut splitter, mut frames) = (SseSplitter::new(usize::MAX), Vec::new());
        splitter.push(Bytes::copy_from_slice(input), &mut frames).unwrap();
        let events = frames.iter().map(|frame| parse(frame));
        let text = |data: Cow<'_, [u8]>| String::from_utf8(data.into_owned()).unwrap();
        events.filter_map(|event| Some((event.name.map(str::to_owned), text(event.data?)))).collect()
    }

    #[test]
    fn recorded_streams_look_the_same_to_another_reader() {
        for stream in [
            &include_bytes!("../openai/fixtures/llama-server/chat_tools_required_stream.response.txt")[..],
            include_bytes!("../openai/fixtures/ollama/v1_chat_stream.response.txt"),
            include_bytes!("../anthropic/fixtures/by-hand/everything_stream.response.txt"),
            include_bytes!("../anthropic/fixtures/llama-server/messages_stream.response.txt"),
        ] {
            assert_eq!(seen(stream), seen_by_another(stream));
        }
    }

    proptest! {
        #[test]
        fn any_stream_looks_the_same_to_another_reader(
            input in "\u{feff}?((data|event|\u{feff}data|id|retry|x|:|datax|)(:| |: |:  |)([a-c: é]{0,3})(\n|\r|\r\n|\n\n|\r\r|\r\n\r\n)){0,12}"
        ) {
            // A stream may end within a frame: that is no event to either. Behind a `\r` this one waits for a `\n`.
            let input = input + ":";
            prop_assert_eq!(seen(input.as_bytes()), seen_by_another(input.as_bytes()), "{:?}", input);
        }

        #[test]
        fn any_split_gives_the_same_frames(input in "(data: x|\n|\r|\r\n|:){0,20}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let whole = split([input.as_bytes()]);
            prop_assert_eq!(whole.concat(), input.as_bytes());
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
            cuts.extend([0, input.len()]);
            cuts.sort_unstable();
            prop_assert_eq!(split(cuts.windows(2).map(|pair| input.as_bytes().get(pair[0]..pair[1]).unwrap())), whole);
        }

        #[test]
        fn data_reads_back(data in "[^\r]*") {
            let written = write(None, data.as_bytes());
            prop_assert_eq!(parse(&written).data.unwrap().into_owned(), data.as_bytes());
        }

        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            parse(&bytes);
            prop_assert_eq!(split([&bytes[..]]).concat(), bytes);
        }
    }
}
