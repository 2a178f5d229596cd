//! What a list shows of each item.

/// A column of a table: its heading, and the JSON pointer to its value in each item.
pub type Column<'c> = (&'c str, &'c str);
