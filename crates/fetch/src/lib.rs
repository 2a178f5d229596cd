//! The one HTTP client of side calls: key sets, webhooks, files by address. Providers have `Transport`.
