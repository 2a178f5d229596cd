//! How closely a reply is read.

/// How closely the frames of a reply are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every event, for translation.
    Full,
    /// Only what the meter and the fallback need: whether there is content ([`crate::ReplyEvent::Opaque`]), usage, errors, why
    /// it finished, the end. The bytes are forwarded unchanged, so most frames are searched and not parsed.
    MeterOnly,
}
