//! The doors: request APIs in every client format.
