//! `GET /api/prices`.

use super::view::PriceView;
use crate::Admin;
use crate::wire::access::Viewer;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_control::prices::{ListedPrice, PriceOrigin};
use http::Uri;

/// Lists what models cost and from where that is known: what the operator has set first, then the catalogue by vendor and
/// model. A registered model's own price wins over all of that; `GET /api/models` shows it.
#[utoipa::path(get, path = "/api/prices", tag = "prices", params(
    ("vendor" = Option<String>, Query, description = "Only this vendor's, or what is set for the provider of that name"),
    ("model" = Option<String>, Query, description = "Only models with this in their names"),
    ("origin" = Option<String>, Query, description = "Only `built_in`, `update` or `override`"),
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of prices", body = Page<PriceView>)))]
pub async fn list(State(admin): State<Admin>, Viewer(_): Viewer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    let (vendor, model) = (params.take("vendor"), params.take("model"));
    let origin = params.parse("origin", "built_in, update or override", |word| {
        let all = [PriceOrigin::BuiltIn, PriceOrigin::Update, PriceOrigin::Override];
        all.into_iter().find(|origin| origin.name() == word)
    });
    params.finish()?;
    let book = admin.models.prices().book();
    let of_vendor = |name: Option<&str>| {
        vendor.as_deref().is_none_or(|vendor| name.is_some_and(|name| name.eq_ignore_ascii_case(vendor)))
    };
    let of_model = |name: &str| model.as_deref().is_none_or(|part| name.contains(part));
    let wanted = |listed: &ListedPrice| match listed {
        ListedPrice::Known(entry, from) => {
            let named = of_model(&entry.id) || entry.aliases.iter().any(|alias| of_model(alias));
            of_vendor(Some(&entry.vendor)) && named && origin.is_none_or(|origin| origin == *from)
        }
        ListedPrice::Set(set) => {
            let named = set.model.as_deref().map_or(model.is_none(), of_model);
            of_vendor(set.provider.as_deref()) && named && origin.is_none_or(|origin| origin == PriceOrigin::Override)
        }
    };
    let found: Vec<ListedPrice> = book.list().filter(wanted).collect();
    let now = admin.web.engine.clock().now();
    let page: Page<PriceView> = paging.cut_page(found.into_iter().map(|listed| PriceView::new(listed, now)));
    page.to_response()
}
