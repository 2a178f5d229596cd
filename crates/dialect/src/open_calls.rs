//! Tool calls that wait for their results, for formats whose results need not name their call.
//!
//! A conversation may hold a million calls, so that none is looked for by going through all.

use std::collections::{HashMap, VecDeque};

/// Calls without a result yet, in order.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    /// The ids of all calls; `None` for a call with a result.
    ids: VecDeque<Option<String>>,
    /// How many calls with a result were taken off the front of `ids`.
    gone: usize,
    by_id: HashMap<String, VecDeque<usize>>,
    by_name: HashMap<String, VecDeque<usize>>,
}

impl OpenCalls {
    /// One more call.
    pub(crate) fn push(&mut self, id: String, name: String) {
        // Places count from the first call ever, because calls with a result leave the front.
        let place = self.gone + self.ids.len();
        self.by_id.entry(id.clone()).or_default().push_back(place);
        self.by_name.entry(name).or_default().push_back(place);
        self.ids.push_back(Some(id));
    }

    /// Takes the first open call of that id. Returns the id.
    pub(crate) fn take_by_id(&mut self, id: &str) -> Option<String> {
        first_open(self.by_id.get_mut(id)?, &mut self.ids, self.gone)
    }

    /// Takes the first open call of that name. Returns its id.
    pub(crate) fn take_by_name(&mut self, name: &str) -> Option<String> {
        first_open(self.by_name.get_mut(name)?, &mut self.ids, self.gone)
    }

    /// Takes the first open call. Returns its id.
    pub(crate) fn take_first(&mut self) -> Option<String> {
        while let Some(id) = self.ids.pop_front() {
            self.gone += 1;
            if id.is_some() {
                return id;
            }
        }
        None
    }
}

/// The first of these places whose call is still open; its call is no more.
fn first_open(places: &mut VecDeque<usize>, ids: &mut VecDeque<Option<String>>, gone: usize) -> Option<String> {
    while let Some(place) = places.pop_front() {
        // What was taken off the front has its result.
        let id = place.checked_sub(gone).and_then(|place| ids.get_mut(place)?.take());
        if id.is_some() {
            return id;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_answered_once() {
        let mut open = OpenCalls::default();
        for (id, name) in [("a", "f"), ("b", "g"), ("c", "f"), ("d", "f"), ("a", "g")] {
            open.push(id.into(), name.into());
        }
        assert_eq!(open.take_by_name("f").as_deref(), Some("a"));
        assert_eq!(open.take_by_id("a").as_deref(), Some("a"));
        assert_eq!((open.take_by_id("a"), open.take_by_id("x"), open.take_by_name("x")), (None, None, None));
        assert_eq!(open.take_first().as_deref(), Some("b"));
        assert_eq!(open.take_by_name("g"), None);
        assert_eq!(open.take_by_name("f").as_deref(), Some("c"));
        assert_eq!(open.take_first().as_deref(), Some("d"));
        assert_eq!(open.take_first(), None);
        open.push("e".into(), "f".into());
        assert_eq!(open.take_by_name("f").as_deref(), Some("e"));
    }
}
