//! What the shop answers to clients.

use serde_json::{Value, json};

use crate::serve::Serving;
use crate::server::Server;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use reqwest::{Client, RequestBuilder, Response};

/// An open shop, and a client of it.
struct Shop {
    server: Server,
    http: Client,
}

impl Shop {
    async fn open() -> Self {
        let any = ([127, 0, 0, 1], 0).into();
        let server = Server::start(&Storage::memory(), any, &Telemetry::none()).await.unwrap();
        Self { server, http: Client::new() }
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        let call = self.http.post(format!("{}{path}", self.server.url())).json(body);
        call.header("idempotency-key", key)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.server.url()))
    }

    /// Places an order under a key.
    async fn place(&self, key: &str) -> Response {
        self.post("/orders", key, &tea()).send().await.unwrap()
    }
}

fn tea() -> Value {
    json!({ "customer": "ada", "lines": [{ "sku": "TEA", "quantity": 2 }], "cents": 500 })
}

fn header(response: &Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

/// The status and the kind of a problem.
async fn problem(call: RequestBuilder) -> (u16, String) {
    let response = call.send().await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    assert!(!problem["title"].as_str().unwrap().is_empty(), "{problem}");
    let kind = problem["type"].as_str().unwrap();
    (status, kind.strip_prefix("tag:orders.example,2026:").unwrap().to_owned())
}

fn told(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test]
async fn an_order_is_placed_and_read_at_once() {
    let shop = Shop::open().await;
    let placed = shop.place("key").await;
    assert_eq!(placed.status(), 201);
    assert_eq!(header(&placed, "etag"), "\"1\"");
    let (path, token) = (header(&placed, "location"), header(&placed, "commit-token"));
    let read = shop.get(&path).header("commit-token", &token).send().await.unwrap();
    assert_eq!((read.status().as_u16(), header(&read, "etag")), (200, "\"1\"".into()));
    let page: Value = read.json().await.unwrap();
    assert_eq!((&page["phase"], &page["customer"]), (&json!("placed"), &json!("ada")));
    assert_eq!(page["steps"][0]["what"], "placed");
    let list: Value = shop
        .get("/orders")
        .header("commit-token", &token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(list["orders"][0]["order"], page["order"]);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_a_used_key_is_not_for_another_order() {
    let shop = Shop::open().await;
    let (first, again) = (shop.place("key").await, shop.place("key").await);
    assert!(!first.headers().contains_key("idempotency-replayed"));
    assert_eq!(header(&again, "idempotency-replayed"), "true");
    assert_eq!(header(&first, "location"), header(&again, "location"));
    assert_eq!(header(&first, "commit-token"), header(&again, "commit-token"));
    let first: Value = first.json().await.unwrap();
    assert_eq!(first, again.json::<Value>().await.unwrap());

    let other =
        json!({ "customer": "bob", "lines": [{ "sku": "TEA", "quantity": 2 }], "cents": 500 });
    let reused = shop.post("/orders", "key", &other);
    assert_eq!(problem(reused).await, told(422, "key-reused"));
}

#[tokio::test]
async fn a_command_needs_a_key() {
    let shop = Shop::open().await;
    let orders = format!("{}/orders", shop.server.url());
    let without = shop.http.post(orders).json(&tea());
    assert_eq!(problem(without).await, told(400, "key-missing"));
    assert_eq!(problem(shop.post("/orders", "", &tea())).await, told(400, "bad-key"));
    let twice = shop.post("/orders", "one", &tea()).header("idempotency-key", "two");
    assert_eq!(problem(twice).await, told(400, "bad-header"));
}

#[tokio::test]
async fn who_has_seen_an_older_version_is_told_so() {
    let shop = Shop::open().await;
    let path = format!("{}/cancellation", header(&shop.place("key").await, "location"));
    let cancel = |key: &str, tag: &str| shop.post(&path, key, &Value::Null).header("if-match", tag);
    assert_eq!(problem(cancel("1", "\"7\"")).await, told(412, "version-mismatch"));
    assert_eq!(problem(cancel("1", "W/\"1\"")).await, told(412, "version-mismatch"));
    let asked = cancel("1", "\"1\"").send().await.unwrap();
    assert_eq!((asked.status().as_u16(), header(&asked, "etag")), (202, "\"2\"".into()));
    assert_eq!(problem(cancel("2", "\"1\"")).await, told(412, "version-mismatch"));
    // A repeat of what was carried out is no new command on an old version.
    assert_eq!(cancel("1", "\"1\"").send().await.unwrap().status(), 202);
}

#[tokio::test]
async fn goods_are_received_and_read_at_once() {
    let shop = Shop::open().await;
    let receive = |key: &str, quantity: u64| {
        shop.post("/stock/TEA/receipts", key, &json!({ "quantity": quantity }))
    };
    let received = receive("1", 5).send().await.unwrap();
    assert_eq!(received.status(), 200);
    let token = header(&received, "commit-token");
    let level = shop.get("/stock/TEA").header("commit-token", token).send().await.unwrap();
    let level: Value = level.json().await.unwrap();
    assert_eq!((&level["free"], &level["received"]), (&json!(5), &json!(5)));
    assert_eq!(problem(receive("2", 0)).await, told(422, "refused"));
    assert_eq!(problem(shop.get("/stock/COFFEE")).await, told(404, "not-found"));
    assert_eq!(problem(shop.get("/stock/no%20goods")).await, told(422, "bad-sku"));
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let shop = Shop::open().await;
    let none = "/orders/00000000-0000-0000-0000-000000000001";
    assert_eq!(problem(shop.get(none)).await, told(404, "not-found"));
    assert_eq!(problem(shop.get("/orders/7")).await, told(400, "bad-request"));
    assert_eq!(problem(shop.get("/nowhere")).await, told(404, "not-found"));
    assert_eq!(problem(shop.get("/orders?after=x")).await, told(400, "bad-page"));
    let token = shop.get("/orders").header("commit-token", "x");
    assert_eq!(problem(token).await, told(400, "bad-token"));
    let cancel = shop.post(&format!("{none}/cancellation"), "1", &Value::Null);
    assert_eq!(problem(cancel).await, told(404, "refused"));
    let bad = json!({ "customer": "ada", "lines": [], "cents": 500 });
    assert_eq!(problem(shop.post("/orders", "1", &bad)).await, told(422, "refused"));
    let unknown = json!({ "customer": "ada", "lines": [], "cents": 500, "gift": true });
    assert_eq!(problem(shop.post("/orders", "1", &unknown)).await, told(422, "bad-request"));
    let long = json!({ "customer": "a".repeat(20_000), "lines": [], "cents": 500 });
    assert_eq!(problem(shop.post("/orders", "1", &long)).await, told(413, "bad-request"));
    let delete = shop.http.delete(format!("{}/orders", shop.server.url()));
    assert_eq!(problem(delete).await, told(405, "bad-request"));
}

#[tokio::test]
async fn a_question_with_a_token_waits_until_its_commit_can_be_seen() {
    let storage = Storage::memory();
    let feed = async || {
        crate::views::feed(storage.runner()).run_until_caught_up().await.unwrap();
    };
    feed().await;
    // Nobody feeds the views until the question has been asked.
    let (views, operations) = (storage.views(), storage.operations());
    let boards = crate::board::Watching::start(views.clone(), operations.clone());
    let (shop, boards) = (crate::shop::Shop::new(&storage.log), boards.boards.clone());
    let routes = super::routes(super::App { shop, views, operations, boards });
    let serving = Serving::start(([127, 0, 0, 1], 0).into(), routes).await.unwrap();
    let http = Client::new();
    let place = http.post(format!("{}/orders", serving.url())).json(&tea());
    let placed = place.header("idempotency-key", "key").send().await.unwrap();
    let order = format!("{}{}", serving.url(), header(&placed, "location"));
    assert_eq!(http.get(&order).send().await.unwrap().status(), 404, "it is not seen yet");

    let ask = async || {
        let ask = http.get(&order).header("commit-token", header(&placed, "commit-token"));
        ask.send().await.unwrap().status().as_u16()
    };
    let fed_later = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        feed().await;
    };
    let (mut status, ()) = futures::join!(ask(), fed_later);
    // A slow machine may be told to ask again.
    while status == 503 {
        status = ask().await;
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_may_be_repeated() {
    let patience = std::time::Duration::from_millis(10);
    let silent = axum::routing::get(std::future::pending::<()>);
    let limit = axum::middleware::from_fn_with_state(patience, super::guard::limit);
    let routes = axum::Router::new().route("/", silent).layer(limit);
    let serving = Serving::start(([127, 0, 0, 1], 0).into(), routes).await.unwrap();
    let http = Client::new();
    assert_eq!(problem(http.get(serving.url())).await, told(503, "timeout"));
    let again = http.get(serving.url()).send().await.unwrap();
    assert_eq!(header(&again, "retry-after"), "1");
}

#[tokio::test]
async fn a_token_of_another_shop_is_not_waited_for() {
    let (one, other) = (Shop::open().await, Shop::open().await);
    let token = header(&one.place("key").await, "commit-token");
    let asked = other.get("/orders").header("commit-token", token);
    assert_eq!(problem(asked).await, told(400, "bad-token"));
}

#[tokio::test]
async fn the_list_goes_on_page_by_page() {
    let shop = Shop::open().await;
    let mut token = String::new();
    for number in 0..5 {
        token = header(&shop.place(&number.to_string()).await, "commit-token");
    }
    let (mut seen, mut path) = (Vec::new(), "/orders?limit=2".to_owned());
    loop {
        let page = shop.get(&path).header("commit-token", &token).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        let orders = page["orders"].as_array().unwrap();
        seen.extend(orders.iter().map(|order| order["order"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/orders?limit=2&after={next}");
    }
    let placed = (0..5)
        .rev()
        .map(|number: u32| crate::ids::OrderId::placed_under(&number.to_string()).to_string());
    assert_eq!(seen, placed.collect::<Vec<_>>(), "newest first, each once");
}

#[tokio::test]
async fn it_is_healthy_and_stops() {
    let shop = Shop::open().await;
    shop.place("key").await;
    shop.server.caught_up().await.unwrap();
    let health = shop.get("/health").send().await.unwrap();
    assert_eq!((health.status().as_u16(), health.text().await.unwrap()), (200, "good\n".into()));
    // Also while somebody looks at the live page, whose stream has no end of its own.
    let live = shop.get("/live").send().await.unwrap();
    shop.server.stop().await.unwrap();
    assert!(live.text().await.is_ok(), "the stream was ended, not cut off");
}
