//! What is a row, and what takes its values.

use std::sync::Arc;

/// Something that is a row of a table.
pub(crate) trait BulkRow {
    /// Gives each value, in the order of the entity's columns. Which of them are rare is the same for every row.
    fn write(&self, values: &mut impl RowValues);
}

/// Takes the values of a row, one column after the other.
pub(crate) trait RowValues {
    fn text(&mut self, text: Option<&str>);
    /// A text that others hold too.
    fn shared_text(&mut self, text: Option<Arc<str>>);
    /// A text that most rows have not.
    fn rare_text(&mut self, text: Option<&str>);
    fn bigint(&mut self, number: Option<i64>);
    /// A number that is 0 in most rows.
    fn rare_bigint(&mut self, number: i64);
    fn integer(&mut self, number: Option<i32>);
    fn flag(&mut self, flag: bool);
}
