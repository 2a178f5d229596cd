//! Lists in numbered pages.

use super::params::QueryParams;
use super::response::{self, ApiResult};
use baton_model::bounds;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The entries of this page.
    pub items: Vec<T>,
    /// The number of entries on all pages.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// The largest number of entries of a page.
    pub page_size: u64,
}

impl<T: Serialize> Page<T> {
    /// The page as a reply.
    ///
    /// # Errors
    /// `invalid_request` if it is too long: what is registered is bounded, but an older version may have kept more.
    pub fn to_response(&self) -> ApiResult {
        response::page(self, "request a smaller `page_size`")
    }
}

/// Which page is asked for: `page` (from 1) and `page_size` (1 to 100, by default 20).
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The page's number, from 1.
    pub page: u64,
    /// The largest number of entries of a page.
    pub size: u64,
}

/// As many of these as fit [`bounds::PAGE`] together; one at least. Whether some are left out.
pub fn take_fitting(items: impl Iterator<Item = Box<RawValue>>) -> (Vec<Box<RawValue>>, bool) {
    let (mut fit, mut bytes) = (Vec::new(), 0_usize);
    for item in items {
        // With the comma between two.
        bytes = bytes.saturating_add(item.get().len() + 1);
        if bytes > bounds::PAGE && !fit.is_empty() {
            return (fit, true);
        }
        fit.push(item);
    }
    (fit, false)
}

// Times the largest size this is far below what a database takes as an offset.
const LAST_PAGE: u64 = 1_000_000_000;

impl Paging {
    /// Takes it from a query.
    pub fn take(params: &mut QueryParams) -> Self {
        Self { page: params.number("page", 1..=LAST_PAGE, 1), size: params.number("page_size", 1..=100, 20) }
    }

    /// Cuts the page out of all.
    pub fn cut_page<T>(self, all: impl ExactSizeIterator<Item = T>) -> Page<T> {
        let total = all.len() as u64;
        // `page - 1` can't wrap: `take` admits nothing below 1.
        let before = usize::try_from((self.page - 1).saturating_mul(self.size)).unwrap_or(usize::MAX);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        Page { items: all.skip(before).take(size).collect(), total, page: self.page, page_size: self.size }
    }
}
