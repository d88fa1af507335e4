//! Goods: received, and read.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::command::{self, Asked};
use super::headers::{Since, etag};
use super::orders::parse_sku;
use super::{App, Problem};
use crate::ids::Sku;
use crate::stock::Receive;
use crate::views::StockLevel;

/// A page of the list has so many kinds of goods.
const PAGE: u64 = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    quantity: u32,
}

#[derive(Debug, Serialize)]
struct Received {
    sku: Sku,
    free: u64,
    version: u64,
}

pub(super) async fn receive(
    State(app): State<App>,
    Path(sku): Path<String>,
    asked: Asked,
    Json(Receipt { quantity }): Json<Receipt>,
) -> Result<Response, Problem> {
    let sku = parse_sku(&sku)?;
    let done = asked.execute(&app.shop.stock, &sku, "receive", Receive { quantity }).await?;
    let told = Received { sku, free: done.state.free, version: done.version.get() };
    Ok(command::done(StatusCode::OK, &done, &told))
}

/// How many pieces there are of some goods.
#[derive(Debug, Serialize)]
pub(crate) struct Level {
    pub(crate) sku: Sku,
    pub(crate) received: u64,
    pub(crate) reserved: u64,
    pub(crate) taken: u64,
    pub(crate) free: i128,
}

impl Level {
    pub(crate) fn new((sku, level): (Sku, StockLevel)) -> Self {
        let StockLevel { received, reserved, taken, .. } = level;
        Self { sku, received, reserved, taken, free: level.free() }
    }
}

pub(super) async fn read(
    State(app): State<App>,
    Path(sku): Path<String>,
    since: Since,
) -> Result<Response, Problem> {
    let sku = parse_sku(&sku)?;
    let level = since.wait(app.views.get::<StockLevel>(&sku)).await?;
    let level = level.ok_or_else(|| Problem::not_found("there are no such goods"))?;
    let headers = [(ETAG, etag(level.version)), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Json(Level::new((sku, level)))).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    after: Option<String>,
}

/// A page of the goods, by their numbers; the next is `after` the last of them.
pub(super) async fn list(
    State(app): State<App>,
    Query(Wanted { after }): Query<Wanted>,
    since: Since,
) -> Result<Json<Vec<Level>>, Problem> {
    let after = after.as_deref().map(parse_sku).transpose()?;
    let levels = since.wait(app.views.page::<StockLevel>(after.as_ref(), PAGE)).await?;
    Ok(Json(levels.into_iter().map(Level::new).collect()))
}
