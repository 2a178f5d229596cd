//! What replies teach about how models count, and the counts that come of it.
//!
//! A provider's number of prompt tokens corrects the estimate of the next prompt: for the key that sent it
//! ([`Learner`](baton_meter::calibrate::Learner)), far less for the model's other keys ([`SharedRatio`](baton_meter::calibrate::SharedRatio)), and nearly exactly for a prompt that begins with the same turns
//! ([`KnownPrefix`](baton_meter::calibrate::prefix::KnownPrefix)). A rule that calls its counts exact is believed until a reply proves it wrong.
//!
//! All of it is bounded: what was used longest ago is forgotten first. Learning happens beside the requests, and no
//! request waits for it.

mod learn;
mod lesson;
mod snapshot;
mod state;
mod trust;

pub use baton_meter::calibrate::Basis;
pub use lesson::Lesson;
pub use snapshot::LearnedRow;
pub use state::Calibration;
