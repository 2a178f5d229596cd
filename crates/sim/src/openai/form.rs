//! Multipart forms (RFC 7578), read by their boundary alone.

use crate::call::SimRequest;

/// A field of a form.
pub(super) struct FormField {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) value: Vec<u8>,
}

impl FormField {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

/// The fields, in order; `None` if it is no form.
pub(super) fn read(call: &SimRequest<'_>) -> Option<Vec<FormField>> {
    let content_type = call.header("content-type")?.strip_prefix("multipart/form-data")?;
    let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim().trim_matches('"');
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line before it; with this it is found like the others.
    let mut body = b"\r\n".to_vec();
    body.extend_from_slice(call.body);
    let mut fields = Vec::new();
    let mut rest = body.as_slice();
    rest = rest.get(find(rest, delimiter.as_bytes())? + delimiter.len()..)?;
    while !rest.starts_with(b"--") {
        let end = find(rest, delimiter.as_bytes())?;
        fields.push(part(rest.get(2..end)?)?);
        rest = rest.get(end + delimiter.len()..)?;
    }
    Some(fields)
}

fn part(bytes: &[u8]) -> Option<FormField> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let parameter = |name: &str| {
        let start = head.find(&format!("; {name}=\""))? + name.len() + 4;
        head.get(start..)?.split('"').next().map(str::to_owned)
    };
    let content_type = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type").then(|| value.trim().to_owned())
    });
    Some(FormField {
        name: parameter("name")?,
        filename: parameter("filename"),
        content_type,
        value: bytes.get(end + 4..)?.to_vec(),
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
