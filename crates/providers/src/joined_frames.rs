//! Frames that came together and go on together.
//!
//! What a frame costs on its way up (a wait, a look by the meter, a write) is more than most events are worth. So what one
//! read has brought is one frame, but for those that are held back, hidden, or of which the rest of the way has to see where
//! they begin.

use baton_model::ReplyEvent;
use baton_provider_api::Frame;
use bytes::Bytes;

/// A frame of this size is given out by itself, so that a long recording does not become one.
const ENOUGH: usize = 16 << 10;

/// Adds a frame to the one before it; gives it back if it has to stand alone. `piece` is what both were cut out of.
pub(crate) fn join(last: Option<&mut Frame>, frame: Frame, piece: &Bytes) -> Option<Frame> {
    let Some(last) = last.filter(|last| may_join(last) && may_join(&frame)) else { return Some(frame) };
    let Some(bytes) = adjoining(&last.bytes, &frame.bytes, piece) else { return Some(frame) };
    last.bytes = bytes;
    for event in frame.events {
        match (last.events.last_mut(), event) {
            // The reader tells their size alone, so one says as much as many.
            (Some(ReplyEvent::Opaque { text_bytes }), ReplyEvent::Opaque { text_bytes: more }) => {
                *text_bytes = text_bytes.saturating_add(more);
            }
            (_, event) => last.events.push(event),
        }
    }
    None
}

/// Before the end of a reply its record is written, and the content is not to wait for that. A failure may go to another model.
fn may_join(frame: &Frame) -> bool {
    let stands_alone = |event: &ReplyEvent| matches!(event, ReplyEvent::Ended | ReplyEvent::Failed(_));
    !frame.hidden && frame.bytes.len() < ENOUGH && !frame.events.iter().any(stands_alone)
}

/// Both parts as one, without a copy, if the second follows the first in the whole: a part that was changed lies elsewhere.
fn adjoining(first: &Bytes, second: &Bytes, whole: &Bytes) -> Option<Bytes> {
    let start = |part: &Bytes| part.as_ptr().addr().checked_sub(whole.as_ptr().addr());
    let (from, at) = (start(first)?, start(second)?);
    let to = at.checked_add(second.len())?;
    (from.checked_add(first.len())? == at && to <= whole.len()).then(|| whole.slice(from..to))
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    // Not a constant, of which each use may have a place of its own: places are what is compared.
    static PIECE: Bytes = Bytes::from_static(b"aabbcc");

    fn opaque(text_bytes: u32) -> ReplyEvent {
        ReplyEvent::Opaque { text_bytes }
    }

    /// The frames of `PIECE`, two bytes each.
    fn frames(events: [Vec<ReplyEvent>; 3]) -> Vec<Frame> {
        let frame = |(at, events)| Frame { bytes: PIECE.slice(2 * at..2 * at + 2), hidden: false, events };
        events.into_iter().enumerate().map(frame).collect()
    }

    fn joined(frames: Vec<Frame>) -> Vec<Frame> {
        let mut joined = Vec::new();
        for frame in frames {
            let alone = join(joined.last_mut(), frame, &PIECE);
            joined.extend(alone);
        }
        joined
    }

    #[test]
    fn what_came_together_is_one_frame() {
        let text = ReplyEvent::Text { choice: 0, text: "b".into() };
        let all = joined(frames([vec![opaque(1)], vec![opaque(2), text.clone()], vec![opaque(3)]]));
        let events = vec![opaque(3), text, opaque(3)];
        assert_eq!(all, [Frame { bytes: PIECE.clone(), hidden: false, events }]);
    }

    #[test]
    fn what_others_must_see_by_itself_stands_alone() {
        let check = |frames: Vec<Frame>| assert_eq!(joined(frames.clone()), frames);
        let failed = baton_model::fault::UpstreamError {
            kind: baton_model::fault::ErrorKind::Overloaded,
            message: String::new(),
            code: None,
            param: None,
        };
        check(frames([vec![opaque(1)], vec![ReplyEvent::Ended], vec![opaque(1)]]));
        check(frames([vec![opaque(1)], vec![ReplyEvent::Failed(failed)], vec![opaque(1)]]));
        let mut hidden = frames([vec![opaque(1)], vec![opaque(1)], vec![opaque(1)]]);
        hidden[1].hidden = true;
        check(hidden);
        let mut changed = frames([vec![opaque(1)], vec![opaque(1)], vec![opaque(1)]]);
        changed[1].bytes = Bytes::from(b"bb".to_vec());
        check(changed);
    }
}
