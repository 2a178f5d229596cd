//! The frame around an entry: a mark, what it is, its length, checksums. Behind damage the next entry is found by its mark.
//!
//! | bytes | what |
//! | --- | --- |
//! | 2 | [`MARK`] |
//! | 1 | the kind |
//! | 4 | the length of the payload |
//! | 4 | its checksum (CRC-32) |
//! | 4 | the checksum of the three before |
//!
//! Numbers begin with their lowest byte.

/// How each entry begins. UTF-8 has neither byte, and MessagePack never begins a value with the first, so that nothing
/// that a client or a provider wrote looks like the beginning of an entry.
pub(super) const MARK: [u8; 2] = [0xc1, 0xff];

/// Bytes in front of the payload.
const HEAD: usize = 15;
/// Of those, the bytes that the last checksum is of: kind, length, checksum.
const CHECKED: std::ops::Range<usize> = 2..11;

/// What stands at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'b> {
    /// A whole entry of that many bytes.
    Whole { kind: u8, payload: &'b [u8], length: usize },
    /// The beginning of an entry.
    Unfinished,
    /// No entry.
    Damaged,
}

/// Puts an entry behind what is in the buffer.
pub(super) fn write(kind: u8, buffer: &mut Vec<u8>, write_payload: impl FnOnce(&mut Vec<u8>)) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; HEAD]);
    write_payload(buffer);
    let (head, payload) = buffer.get_mut(start..).unwrap_or_default().split_at_mut(HEAD);
    let (mark, rest) = head.split_at_mut(MARK.len());
    mark.copy_from_slice(&MARK);
    let (checked, checksum) = rest.split_at_mut(CHECKED.len());
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let fields = std::iter::once(kind).chain(length.to_le_bytes()).chain(crc32fast::hash(payload).to_le_bytes());
    checked.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
    checksum.copy_from_slice(&crc32fast::hash(checked).to_le_bytes());
}

/// Reads the entry with which the bytes begin.
pub(super) fn read(bytes: &[u8]) -> Frame<'_> {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else {
        let whole = bytes.len().min(MARK.len());
        let begins = bytes.get(..whole) == MARK.get(..whole);
        return if begins { Frame::Unfinished } else { Frame::Damaged };
    };
    if !head.starts_with(&MARK) {
        return Frame::Damaged;
    }
    let checked = head.get(CHECKED).unwrap_or_default();
    // Checked by itself: a length that is not what was written would lead past entries that are.
    if number(head, CHECKED.end) != Some(crc32fast::hash(checked)) {
        return Frame::Damaged;
    }
    let (Some(kind), Some(length), Some(checksum)) = (head.get(2), number(head, 3), number(head, 7)) else {
        return Frame::Damaged;
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    match rest.get(..length) {
        None => Frame::Unfinished,
        Some(payload) if crc32fast::hash(payload) == checksum => {
            Frame::Whole { kind: *kind, payload, length: HEAD + length }
        }
        // Not passed over by its length: bytes may be missing in it, and the next entry begins before its end.
        Some(_) => Frame::Damaged,
    }
}

/// Where the next entry may begin, behind the first byte: at its mark, or at what may become one, or where the bytes end.
pub(super) fn next_mark(bytes: &[u8]) -> usize {
    let [first, second] = MARK;
    let found = (1..bytes.len()).find(|place| {
        let next = bytes.get(place + 1);
        bytes.get(*place) == Some(&first) && next.is_none_or(|next| *next == second)
    });
    found.unwrap_or(bytes.len())
}

/// Whether there is a mark anywhere.
pub(super) fn has_mark(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK)
}

fn number(bytes: &[u8], from: usize) -> Option<u32> {
    bytes.get(from..)?.first_chunk().copied().map(u32::from_le_bytes)
}
