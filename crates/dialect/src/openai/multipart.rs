//! Writing `multipart/form-data`.
//!
//! Reference: RFC 7578, and WHATWG HTML "multipart form data" for names with quotes.

use memchr::memmem;

/// A form being written.
#[derive(Debug)]
pub(super) struct MultipartForm<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Debug)]
struct Part<'a> {
    head: String,
    content: &'a [u8],
}

impl<'a> MultipartForm<'a> {
    pub(super) fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Adds a field.
    pub(super) fn field(&mut self, name: &str, value: &'a str) {
        self.part(name, None, None, value.as_bytes());
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, filename: &str, content_type: &str, content: &'a [u8]) {
        self.part(name, Some(filename), Some(content_type), content);
    }

    /// Adds a part of either kind.
    pub(super) fn part(&mut self, name: &str, filename: Option<&str>, content_type: Option<&str>, content: &'a [u8]) {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", escaped(name));
        if let Some(filename) = filename {
            head.push_str(&format!("; filename=\"{}\"", escaped(filename)));
        }
        head.push_str("\r\n");
        if let Some(content_type) = content_type {
            // A client gives it: a line break in it would add headers, or a whole part.
            let content_type: String = content_type.chars().filter(|c| !c.is_control()).collect();
            head.push_str(&format!("Content-Type: {content_type}\r\n"));
        }
        self.parts.push(Part { head, content });
    }

    /// The body and its media type. The boundary follows from the content, and does not occur in it.
    pub(super) fn finish(self) -> (Vec<u8>, String) {
        let boundary = self.boundary();
        // 80 bytes are about what a boundary and its line ends take.
        let size: usize = self.parts.iter().map(|part| part.head.len() + part.content.len() + 80).sum();
        let mut body = Vec::with_capacity(size + 80);
        for part in &self.parts {
            body.extend_from_slice(format!("--{boundary}\r\n{}\r\n", part.head).as_bytes());
            body.extend_from_slice(part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (body, format!("multipart/form-data; boundary={boundary}"))
    }

    fn boundary(&self) -> String {
        // FNV-1a over everything: the same form makes the same bytes.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in self.parts.iter().flat_map(|part| part.head.as_bytes().iter().chain(part.content)) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
        let occurs =
            |boundary: &str| self.parts.iter().any(|part| memmem::find(part.content, boundary.as_bytes()).is_some());
        let mut boundary = format!("baton-{hash:016x}");
        while occurs(&boundary) {
            // Any odd step would do; this one is 2^64 divided by the golden ratio.
            hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
            boundary = format!("baton-{hash:016x}");
        }
        boundary
    }
}

fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_framed_by_a_boundary_that_they_do_not_hold() {
        let form = |content: &[u8]| {
            let mut form = MultipartForm::new();
            form.field("model", "whisper-1");
            form.file("file", "a\"b.wav", "audio/wav", content);
            form.finish()
        };
        let (body, content_type) = form(b"RIFF");
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap_or_default().to_owned();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a%22b.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n\
             --{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&body), expected);
        assert_eq!(form(b"RIFF"), (body, content_type));
        assert_ne!(form(boundary.as_bytes()).1, form(b"RIFF").1);
    }
}
