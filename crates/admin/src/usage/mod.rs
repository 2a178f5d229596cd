//! `GET /api/usage`: totals, as JSON or CSV.

mod csv_file;
pub mod reprice;
pub mod totals;
pub mod view;
