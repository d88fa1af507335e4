//! Orders: placed, cancelled by the customer, and read.

use std::collections::HashMap;

use annals::Executed;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::command::{self, Asked};
use super::headers::{Since, etag};
use super::{App, Problem};
use crate::ids::{NotASku, OrderId, Sku};
use crate::order::{Line, Order, Phase, Place, RequestCancellation};
use crate::views::{Newest, NewestFirst, NotAPlace, OrderPage};

/// A page of the list has so many orders, and so many at most.
const PAGE: u64 = 50;
const MOST: u64 = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    customer: String,
    lines: Vec<NewLine>,
    cents: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLine {
    sku: String,
    quantity: u32,
}

/// What a command has made of an order.
#[derive(Debug, Serialize)]
struct Told {
    order: OrderId,
    phase: Option<Phase>,
    cancelling: bool,
    version: u64,
}

impl Told {
    fn new(order: OrderId, done: &Executed<Order>) -> Self {
        let Order { phase, cancelling } = done.state;
        Self { order, phase, cancelling, version: done.version.get() }
    }
}

pub(super) async fn place(
    State(app): State<App>,
    asked: Asked,
    Json(new): Json<NewOrder>,
) -> Result<Response, Problem> {
    let line = |NewLine { sku, quantity }| Ok(Line { sku: parse_sku(&sku)?, quantity });
    let lines = new.lines.into_iter().map(line).collect::<Result<_, Problem>>()?;
    let place = Place { customer: new.customer, lines, cents: new.cents };
    let order = OrderId::placed_under(&asked.key);
    let done = asked.execute(&app.shop.orders, &order, "place", place).await?;
    let answer = command::done(StatusCode::CREATED, &done, &Told::new(order, &done));
    Ok(([(LOCATION, format!("/orders/{order}"))], answer).into_response())
}

pub(super) async fn request_cancellation(
    State(app): State<App>,
    Path(order): Path<OrderId>,
    asked: Asked,
) -> Result<Response, Problem> {
    let name = "request_cancellation";
    let done = asked.execute(&app.shop.orders, &order, name, RequestCancellation).await?;
    Ok(command::done(StatusCode::ACCEPTED, &done, &Told::new(order, &done)))
}

/// An order's page, under its id.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    pub(crate) order: OrderId,
    #[serde(flatten)]
    pub(crate) page: OrderPage,
}

pub(super) async fn read(
    State(app): State<App>,
    Path(order): Path<OrderId>,
    since: Since,
) -> Result<Response, Problem> {
    let page = since.wait(app.views.get::<OrderPage>(&order)).await?;
    // Steps may be taken in the name of an order that nobody has placed.
    let page = page.filter(|page| page.phase.is_some());
    let page = page.ok_or_else(|| Problem::not_found("there is no such order"))?;
    // The tag is for `If-Match` alone: steps of others change the page and not the order.
    let headers = [(ETAG, etag(page.version)), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Json(Listed { order, page })).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    after: Option<String>,
    limit: Option<u64>,
}

/// A page of the list, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    orders: Vec<Listed>,
    /// What `after` is for the next page, where there may be one.
    next: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    Query(Wanted { after, limit }): Query<Wanted>,
    since: Since,
) -> Result<Json<Page>, Problem> {
    let bad = |error: NotAPlace| Problem::bad_request("bad-page", error.to_string());
    let after: Option<NewestFirst> = after.map(|after| after.parse().map_err(bad)).transpose()?;
    let limit = limit.unwrap_or(PAGE).clamp(1, MOST);
    let places = since.wait(app.views.page::<Newest>(after.as_ref(), limit)).await?;
    let full = u64::try_from(places.len()).unwrap_or(u64::MAX) == limit;
    let next = places.last().filter(|_| full).map(|(place, _)| place.to_string());
    let keys: Vec<_> = places.into_iter().map(|(place, _)| place.order).collect();
    Ok(Json(Page { orders: pages(&app, &since, &keys).await?, next }))
}

/// The pages of orders, in the order of `keys`.
async fn pages(app: &App, since: &Since, keys: &[OrderId]) -> Result<Vec<Listed>, Problem> {
    let found = since.wait(app.views.get_many::<OrderPage>(keys)).await?;
    let mut found: HashMap<_, _> = found.into_iter().collect();
    let listed = |order: &OrderId| Some(Listed { order: *order, page: found.remove(order)? });
    Ok(keys.iter().filter_map(listed).collect())
}

/// What may be written as the number of goods.
pub(super) fn parse_sku(text: &str) -> Result<Sku, Problem> {
    text.parse().map_err(|error: NotASku| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-sku", error.to_string())
    })
}
