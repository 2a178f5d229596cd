//! How events become lines: as the library's formatters write them, but quicker, because there is a line for each request.
//!
//! A formatter here writes the common kind of event into one buffer. What is not common (a span around it, an error with
//! sources, colours) is left to the library's own formatter, so there is one definition of how that looks.

use baton_model::{Clock, SystemClock, Timestamp};
use chrono::DateTime;
use std::cell::RefCell;
use std::fmt::{self, Debug, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Compact, Format, FormatEvent, FormatFields, Json, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Bytes of a usual line.
const LINE: usize = 768;

/// Lines of JSON, for programs.
pub struct JsonLines {
    library: Format<Json>,
    now: fn() -> Timestamp,
}

/// Lines for people.
pub struct ReadableLines {
    library: Format<Compact>,
    now: fn() -> Timestamp,
}

impl Default for JsonLines {
    fn default() -> Self {
        let library = tracing_subscriber::fmt::format().json().flatten_event(true).with_current_span(false);
        Self { library, now: || SystemClock.now() }
    }
}

impl Default for ReadableLines {
    fn default() -> Self {
        let library = tracing_subscriber::fmt::format().compact().with_target(false);
        Self { library, now: || SystemClock.now() }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if !is_common(context, event) {
            return self.library.format_event(context, writer, event);
        }
        let metadata = event.metadata();
        let mut line = String::with_capacity(LINE);
        line.push_str("{\"timestamp\":\"");
        push_time((self.now)(), &mut line);
        line.push_str("\",\"level\":\"");
        line.push_str(metadata.level().as_str());
        line.push('"');
        let mut fields = JsonFields { line: &mut line, uncommon: false };
        event.record(&mut fields);
        if fields.uncommon {
            return self.library.format_event(context, writer, event);
        }
        line.push_str(",\"target\":\"");
        push_json(metadata.target(), &mut line);
        line.push_str("\"}\n");
        writer.write_str(&line)
    }
}

impl<S, N> FormatEvent<S, N> for ReadableLines
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if writer.has_ansi_escapes() || !is_common(context, event) {
            return self.library.format_event(context, writer, event);
        }
        let mut line = String::with_capacity(LINE);
        push_time((self.now)(), &mut line);
        line.push_str(match *event.metadata().level() {
            Level::TRACE => " TRACE ",
            Level::DEBUG => " DEBUG ",
            Level::INFO => "  INFO ",
            Level::WARN => "  WARN ",
            Level::ERROR => " ERROR ",
        });
        let mut fields = ReadableFields { line: &mut line, first: true, uncommon: false };
        event.record(&mut fields);
        if fields.uncommon {
            return self.library.format_event(context, writer, event);
        }
        line.push('\n');
        writer.write_str(&line)
    }
}

/// Whether an event stands by itself: in no span, and not from the crate `log`, whose events have a target of their own
/// among their fields.
fn is_common<S, N>(context: &FmtContext<'_, S, N>, event: &Event<'_>) -> bool
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    event.parent().is_none() && event.metadata().target() != "log" && context.lookup_current().is_none()
}

/// Writes each field behind what is in the line.
struct JsonFields<'l> {
    line: &'l mut String,
    /// Whether there is a field that the library has to write.
    uncommon: bool,
}

impl JsonFields<'_> {
    fn push_name(&mut self, field: &Field) {
        self.line.push_str(",\"");
        self.line.push_str(field.name());
        self.line.push_str("\":");
    }

    fn push_plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.push_name(field);
        self.uncommon |= write!(self.line, "{value}").is_err();
    }
}

impl Visit for JsonFields<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push_plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push_plain(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push_plain(field, value);
    }

    fn record_f64(&mut self, _: &Field, _: f64) {
        self.uncommon = true;
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_name(field);
        self.line.push('"');
        push_json(value, self.line);
        self.line.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push_name(field);
        self.line.push('"');
        self.uncommon |= write!(JsonText(self.line), "{value:?}").is_err();
        self.line.push('"');
    }
}

/// Writes text into a string of JSON.
struct JsonText<'l>(&'l mut String);

impl Write for JsonText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_json(text, self.0);
        Ok(())
    }
}

fn push_json(text: &str, line: &mut String) {
    let is_plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    if text.as_bytes().iter().all(is_plain) {
        line.push_str(text);
        return;
    }
    for letter in text.chars() {
        match letter {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\u{8}' => line.push_str("\\b"),
            '\u{c}' => line.push_str("\\f"),
            // A string takes whatever is written.
            letter if letter < ' ' => drop(write!(line, "\\u{:04x}", u32::from(letter))),
            letter => line.push(letter),
        }
    }
}

/// Writes each field as `name=value`, the message alone.
struct ReadableFields<'l> {
    line: &'l mut String,
    first: bool,
    /// Whether there is a field that the library has to write.
    uncommon: bool,
}

impl ReadableFields<'_> {
    /// Whether it is the message.
    fn push_name(&mut self, field: &Field) -> bool {
        if !std::mem::replace(&mut self.first, false) {
            self.line.push(' ');
        }
        let name = field.name();
        // The library writes these otherwise.
        self.uncommon |= name.starts_with("r#") || name.starts_with("log.");
        let message = name == "message";
        if !message {
            self.line.push_str(name);
            self.line.push('=');
        }
        message
    }

    /// What is written from there on is a message, whose control characters the library takes out.
    fn check_message(&mut self, from: usize) {
        let is_plain = |byte: &u8| (b' '..0x7f).contains(byte);
        self.uncommon |= !self.line.as_bytes().iter().skip(from).all(is_plain);
    }
}

impl Visit for ReadableFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let message = self.push_name(field);
        let from = self.line.len();
        if message {
            self.line.push_str(value);
            self.check_message(from);
        } else if value.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\') {
            self.line.push('"');
            self.line.push_str(value);
            self.line.push('"');
        } else {
            self.uncommon |= write!(self.line, "{value:?}").is_err();
        }
    }

    fn record_error(&mut self, _: &Field, _: &(dyn std::error::Error + 'static)) {
        self.uncommon = true;
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let message = self.push_name(field);
        let from = self.line.len();
        self.uncommon |= write!(self.line, "{value:?}").is_err();
        if message {
            self.check_message(from);
        }
    }
}

const MICROS: i64 = 1_000_000;

thread_local! {
    /// The second of the last line, and how it is written: the next line most often has the same.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MAX, String::new())) };
}

/// Writes a time in UTC, to the microsecond.
fn push_time(time: Timestamp, line: &mut String) {
    let (second, micros) = (time.0.div_euclid(MICROS), time.0.rem_euclid(MICROS));
    SECOND.with_borrow_mut(|(last, text)| {
        if *last != second {
            let time = DateTime::from_timestamp(second, 0).unwrap_or_default();
            (*last, *text) = (second, time.format("%Y-%m-%dT%H:%M:%S.").to_string());
        }
        line.push_str(text);
    });
    let mut unit = MICROS / 10;
    while unit > 0 {
        let digit = u32::try_from(micros / unit % 10).ok().and_then(|digit| char::from_digit(digit, 10));
        line.push(digit.unwrap_or('0'));
        unit /= 10;
    }
    line.push('Z');
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::Registry;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::fmt::time::FormatTime;
    use tracing_subscriber::layer::{Layer, SubscriberExt};

    fn noon() -> Timestamp {
        // 2026-11-23T12:00:00.000345Z.
        Timestamp(1_795_435_200_000_345)
    }

    /// The same for the library.
    #[derive(Clone, Copy)]
    struct Noon;

    impl FormatTime for Noon {
        fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
            writer.write_str("2026-11-23T12:00:00.000345Z")
        }
    }

    /// What was written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Written {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    fn lines(layer: impl FnOnce(Written) -> Box<dyn Layer<Registry> + Send + Sync>, log: &impl Fn()) -> String {
        let written = Written::default();
        let subscriber = tracing_subscriber::registry().with(layer(written.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn layer() -> tracing_subscriber::fmt::Layer<Registry> {
        tracing_subscriber::fmt::layer().with_ansi(false)
    }

    /// Compares both forms with what the library writes.
    fn check(log: impl Fn()) {
        let ours = JsonLines { now: noon, ..JsonLines::default() };
        let ours = lines(|to| layer().json().event_format(ours).with_writer(to).boxed(), &log);
        let library = layer().json().flatten_event(true).with_current_span(false).with_timer(Noon);
        let library = lines(|to| library.with_writer(to).boxed(), &log);
        assert_eq!(without_times(&ours), without_times(&library));
        let ours = ReadableLines { now: noon, ..ReadableLines::default() };
        let ours = lines(|to| layer().event_format(ours).with_writer(to).boxed(), &log);
        let library = layer().compact().with_target(false).with_timer(Noon);
        let library = lines(|to| library.with_writer(to).boxed(), &log);
        assert_eq!(without_times(&ours), without_times(&library));
    }

    /// Where our formatter leaves a line to the library, it has the time of the machine.
    fn without_times(lines: &str) -> String {
        let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z").unwrap();
        assert!(time.is_match(lines), "{lines}");
        time.replace_all(lines, "TIME").into_owned()
    }

    #[test]
    fn lines_are_as_the_library_writes_them() {
        check(|| {
            let (none, error) = (None::<&str>, io::Error::other("no \"way\""));
            tracing::info!(request.id = %"01a2", status = 200_u64, stream = true, cost = none, "request");
            tracing::warn!(left = -3, debug = ?vec!["a\n"], error = %error, "half {}", "way");
            tracing::error!(error = &error as &dyn std::error::Error, "failed");
            tracing::debug!(r#type = "a", ratio = 0.5, big = u128::MAX, "odd");
            tracing::trace!("nothing \u{1b}[31m more");
            tracing::info!(only = "a field");
            let span = tracing::info_span!("around", of = 1);
            span.in_scope(|| tracing::info!(inside = true, "in a span"));
            tracing::info!(parent: &span, "of a span");
        });
    }

    #[test]
    fn times_are_as_the_library_writes_them() {
        let mut line = String::new();
        push_time(noon(), &mut line);
        push_time(Timestamp(0), &mut line);
        assert_eq!(line, "2026-11-23T12:00:00.000345Z1970-01-01T00:00:00.000000Z");
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_the_library_writes_it(text in ".{0,20}", controls in "[\\x00-\\xa0]{0,5}") {
            let text = format!("{text}{controls}");
            check(|| {
                tracing::info!(text = text.as_str(), shown = %text, debug = ?text, "a message");
                tracing::info!("{text}");
            });
        }
    }
}
