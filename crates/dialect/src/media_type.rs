//! Media types: what they are called, and what bytes show.

use std::borrow::Cow;

/// A media type as vendors list it: in small letters, without parameters, by its registered name.
pub(crate) fn registered(media_type: &str) -> Cow<'_, str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence {
        // A common word that is not the registered one.
        "image/jpg" => Cow::Borrowed("image/jpeg"),
        _ if essence.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(registered(&essence.to_ascii_lowercase()).into_owned())
        }
        _ => Cow::Borrowed(essence),
    }
}

/// The media type of an image by how its base64 begins, for formats that do not say (Ollama).
pub(crate) fn guess_image(data: &str) -> &'static str {
    // The first bytes of each kind in base64: FF D8 FF, "GIF", "RIFF". PNG is left.
    match data.as_bytes() {
        [b'/', b'9', b'j', ..] => "image/jpeg",
        [b'R', b'0', b'l', b'G', ..] => "image/gif",
        [b'U', b'k', b'l', b'G', ..] => "image/webp",
        _ => "image/png",
    }
}

/// Whether a list has a type: by its name, by the first half of it (`text/*`), or because it has all (`*`).
pub(crate) fn is_listed<'l>(list: impl IntoIterator<Item = &'l str>, media_type: &str) -> bool {
    list.into_iter().any(|listed| match listed.strip_suffix('*') {
        Some(begin) => media_type.starts_with(begin),
        None => listed.eq_ignore_ascii_case(media_type),
    })
}

/// Whether data of the type is text that a model reads as it is.
pub(crate) fn is_text(media_type: &str) -> bool {
    const TEXT: [&str; 9] = [
        "text/*",
        "application/json",
        "application/x-ndjson",
        "application/xml",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/javascript",
        "application/sql",
    ];
    is_listed(TEXT, media_type) || media_type.ends_with("+json") || media_type.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_apart() {
        assert_eq!(registered("IMAGE/JPG; q=1"), "image/jpeg");
        assert_eq!(registered("text/plain"), "text/plain");
        for (list, media_type, expected) in [
            (&["image/png"][..], "image/png", true),
            (&["image/png"], "image/gif", false),
            (&["text/*"], "text/csv", true),
            (&["*"], "x/y", true),
            (&[], "x/y", false),
        ] {
            assert_eq!(is_listed(list.iter().copied(), media_type), expected, "{list:?} {media_type}");
        }
        assert!(is_text("text/csv") && is_text("image/svg+xml") && !is_text("application/pdf"));
    }
}
