//! Lists in numbered pages.

use super::params::Params;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// How many a page holds at most.
    pub page_size: u64,
}

/// Which page is asked for: `page` (from 1) and `page_size` (1 to 100, by default 20).
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The page's number, from 1.
    pub page: u64,
    /// How many a page holds at most.
    pub size: u64,
}

const LAST_PAGE: u64 = 1_000_000_000;

impl Paging {
    /// Takes it from a query.
    pub fn take(params: &mut Params) -> Self {
        Self { page: params.number("page", 1..=LAST_PAGE, 1), size: params.number("page_size", 1..=100, 20) }
    }

    /// Cuts the page out of all.
    pub fn cut<T>(self, all: impl ExactSizeIterator<Item = T>) -> Page<T> {
        let total = all.len() as u64;
        let before = usize::try_from((self.page - 1).saturating_mul(self.size)).unwrap_or(usize::MAX);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        Page { items: all.skip(before).take(size).collect(), total, page: self.page, page_size: self.size }
    }
}
