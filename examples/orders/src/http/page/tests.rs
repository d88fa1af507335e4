//! The live page in a real browser: what is seen, by keyboard, on small screens, and
//! without anything from elsewhere.

mod browser;

use annals::Metadata;
use serde_json::json;

use crate::ids::OrderId;
use crate::order::{Line, Place, RequestCancellation};
use crate::payment_service::{self, Behaviour, PaymentClient};
use crate::serve::Serving;
use crate::server::Server;
use crate::shop::Shop;
use crate::steps::Steps;
use crate::stock::Receive;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use crate::work::Work;
use browser::Browser;

/// An open shop, and what can be done in it.
struct World {
    server: Server,
    shop: Shop,
    steps: Steps,
    storage: Storage,
    payments: PaymentClient,
    _service: Serving,
}

fn line(sku: &str, quantity: u32) -> Line {
    Line { sku: sku.parse().unwrap(), quantity }
}

impl World {
    async fn open() -> Self {
        Self::open_beside(Behaviour::default()).await
    }

    /// A shop beside a payment service that behaves so.
    async fn open_beside(behaviour: Behaviour) -> Self {
        let any = ([127, 0, 0, 1], 0).into();
        let service = payment_service::routes(behaviour);
        let service = Serving::start(any, service).await.unwrap();
        let storage = Storage::memory();
        let server = Server::start(&storage, any, &Telemetry::none()).await.unwrap();
        let shop = Shop::new(&storage.log);
        let payments = PaymentClient::new(&service.url());
        let steps = Steps::new(shop.clone(), payments.clone());
        for (sku, quantity) in [("COFFEE-500", 40), ("CUP", 3), ("TEA-250", 120)] {
            let sku = sku.parse().unwrap();
            shop.stock.execute(&sku, Receive { quantity }).await.unwrap();
        }
        Self { server, shop, steps, storage, payments, _service: service }
    }

    async fn place(&self, customer: &str, lines: Vec<Line>) -> OrderId {
        let order = OrderId::placed_under(customer);
        let place = Place { customer: customer.into(), lines, cents: 2_450 };
        self.shop.orders.execute(&order, place).await.unwrap();
        order
    }

    async fn confirm(&self, order: OrderId, line: &Line) {
        let why = Metadata::new;
        self.steps.reserve(order, line, why()).await.unwrap();
        self.steps.authorize(order, 2_450, &order.to_string(), why()).await.unwrap();
        self.steps.confirm(order, why()).await.unwrap();
    }

    async fn ship(&self, order: OrderId, line: &Line) {
        let why = Metadata::new;
        self.steps.dispatch(order, std::slice::from_ref(line), why()).await.unwrap();
        self.steps.ship(order, why()).await.unwrap();
        self.steps.take(order, &line.sku, why()).await.unwrap();
    }

    /// Orders in every state.
    async fn with_orders() -> Self {
        let world = Self::open().await;
        let (tea, cups) = (line("TEA-250", 2), line("CUP", 9));
        for customer in ["Grace Hopper", "Ada Lovelace", "Radia Perlman"] {
            let order = world.place(customer, vec![tea.clone()]).await;
            world.confirm(order, &tea).await;
            world.ship(order, &tea).await;
        }
        let order = world.place("Barbara Liskov", vec![tea.clone(), line("CUP", 1)]).await;
        world.confirm(order, &tea).await;
        let order = world.place("A customer with a rather long name", vec![cups.clone()]).await;
        world.steps.reserve(order, &cups, Metadata::new()).await.unwrap();
        world.steps.cancel(order, "the goods are sold out", Metadata::new()).await.unwrap();
        world.place("Katherine Johnson", vec![line("COFFEE-500", 1), tea.clone()]).await;
        let order = world.place("Annie Easley", vec![line("COFFEE-500", 3)]).await;
        world.shop.orders.execute(&order, RequestCancellation).await.unwrap();
        world
    }

    async fn look(&self, width: u32, height: u32) -> Browser {
        let mut browser = Browser::open(&self.server.url(), width, height).await;
        browser.until("document.getElementById('connection').dataset.state === 'live'").await;
        browser
    }
}

/// Whether the customer's card is in a column.
fn shows(customer: &str, phase: &str) -> String {
    format!(
        "[...document.querySelectorAll('[data-phase={phase}] .who')]
             .some((who) => who.textContent === '{customer}')"
    )
}

#[tokio::test]
async fn an_order_is_placed_on_the_page_and_moves_through_its_states() {
    let world = World::open().await;
    let mut page = world.look(1280, 900).await;
    page.until("document.querySelector('#place select').value === 'COFFEE-500'").await;
    page.eval("document.querySelector('[name=customer]').value = 'ada', 0").await;
    page.eval("document.querySelector('#place button').click()").await;
    page.until("document.getElementById('said').textContent === 'The order is placed.'").await;
    page.until(&shows("ada", "placed")).await;
    let order = page.eval("document.querySelector('.card').dataset.order").await;
    let order: OrderId = order.as_str().unwrap().parse().unwrap();

    let coffee = line("COFFEE-500", 1);
    world.confirm(order, &coffee).await;
    page.until(&shows("ada", "confirmed")).await;
    page.until("document.querySelector('#levels td').textContent === '39'").await;
    world.ship(order, &coffee).await;
    page.until(&shows("ada", "shipped")).await;
    page.until("document.querySelector('[data-phase=shipped] .count').textContent === '1'").await;
    page.until("document.querySelectorAll('.card').length === 1").await;
    page.until("document.querySelectorAll('.steps li').length === 7").await;
    let steps =
        "[...document.querySelectorAll('.steps li')].map((li) => li.firstChild.data.trim())";
    let expected = json!([
        "placed",
        "reserved: 1 × COFFEE-500",
        "payment authorized: auth-1",
        "confirmed",
        "dispatched",
        "shipped",
        "taken: 1 × COFFEE-500"
    ]);
    assert_eq!(page.eval(steps).await, expected);
    assert_eq!(page.eval("document.querySelector('.cancel').hidden").await, json!(true));
    world.server.stop().await.unwrap();
    page.until("document.getElementById('connection').dataset.state === 'lost'").await;
}

#[tokio::test]
async fn it_is_used_by_keyboard_and_keeps_the_focus_where_it_is() {
    let world = World::open().await;
    let tea = line("TEA-250", 1);
    let order = world.place("ada", vec![tea.clone()]).await;
    let mut page = world.look(1280, 900).await;
    page.until(&shows("ada", "placed")).await;
    // The first key reaches the skip link, the next one the orders, the third a card.
    page.press("Tab", 9).await;
    page.until("document.activeElement.className === 'skip'").await;
    page.press("Enter", 13).await;
    page.press("Tab", 9).await;
    page.until("document.activeElement.tagName === 'SUMMARY'").await;
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(page.eval(outline).await, json!("solid"));
    page.press("Enter", 13).await;
    page.until("document.querySelector('.card details').open").await;

    world.confirm(order, &tea).await;
    page.until(&shows("ada", "confirmed")).await;
    let kept = "document.activeElement.tagName === 'SUMMARY'
        && document.querySelector('[data-phase=confirmed] .card details').open";
    page.until(kept).await;

    page.press("Tab", 9).await;
    page.until("document.activeElement.className === 'cancel'").await;
    page.press("Enter", 13).await;
    page.until("document.getElementById('said').textContent.includes('is asked for')").await;
    page.until("document.querySelector('.steps').textContent.includes('cancellation requested')")
        .await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn who_looks_sees_that_the_payment_service_does_not_answer() {
    let world = World::open_beside(Behaviour { fail: 1.0, ..Behaviour::default() }).await;
    let mut page = world.look(1280, 900).await;
    page.until("document.querySelectorAll('#lags dd').length > 0").await;
    let hidden = "document.getElementById('calls').hidden";
    assert_eq!(page.eval(hidden).await, json!(true), "nobody works here, nothing is known");

    let work = Work::start(&world.storage, world.payments.clone()).await.unwrap();
    world.server.show(&work);
    page.until("document.getElementById('circuits').textContent.startsWith('payments')").await;
    assert_eq!(page.eval(hidden).await, json!(false));
    let says = |text: &str| {
        format!("document.querySelector('#circuits dd').textContent.startsWith('{text}')")
    };
    page.until(&says("closed since")).await;
    for customer in 0..40 {
        world.place(&format!("customer {customer}"), vec![line("TEA-250", 1)]).await;
    }
    page.until(&says("open since")).await;
    page.until("document.querySelector('#circuits dd').textContent.endsWith(', 40 wait')").await;
    assert_eq!(page.eval(FAINT).await, json!([]));
    page.picture("orders-calls.png").await;
    work.stop().await.unwrap();
    page.until(hidden).await;
    world.server.stop().await.unwrap();
}

/// Texts whose colour is too near to that of what is behind them.
const FAINT: &str = "(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b]
        .map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (element) => {
        for (let up = element; up; up = up.parentElement) {
            const colour = rgba(getComputedStyle(up).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const element of document.body.querySelectorAll('*')) {
        const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!says && !['INPUT', 'SELECT'].includes(element.tagName)) continue;
        const [one, two] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
        const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
        if (contrast < 4.5) faint.push(`${element.textContent.trim()}: ${contrast}`);
    }
    return faint;
})()";

#[tokio::test]
async fn its_texts_can_be_read_by_day_and_by_night() {
    let world = World::with_orders().await;
    let mut page = world.look(1280, 900).await;
    page.until("document.querySelectorAll('.card').length === 7").await;
    page.eval("document.querySelector('.card details').open = true").await;
    for scheme in ["light", "dark"] {
        page.prefer("prefers-color-scheme", scheme).await;
        assert_eq!(page.eval(FAINT).await, json!([]), "{scheme}");
        page.picture(&format!("orders-wide-{scheme}.png")).await;
    }
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn it_fits_on_a_small_screen() {
    let world = World::with_orders().await;
    let mut page = world.look(360, 780).await;
    page.until("document.querySelectorAll('.card').length === 7").await;
    page.eval("document.querySelector('.card details').open = true").await;
    let wide = "[...document.body.querySelectorAll('*:not(.skip)')]
        .filter((element) => element.getBoundingClientRect().right > 360.5)
        .map((element) => element.outerHTML)";
    assert_eq!(page.eval(wide).await, json!([]));
    let scrolls = "document.documentElement.scrollWidth > 360";
    assert_eq!(page.eval(scrolls).await, json!(false));
    page.picture("orders-narrow.png").await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn nothing_moves_for_who_wants_no_motion_and_nothing_comes_from_elsewhere() {
    let world = World::open().await;
    let tea = line("TEA-250", 1);
    let order = world.place("ada", vec![tea.clone()]).await;
    let mut page = world.look(1280, 900).await;
    page.until(&shows("ada", "placed")).await;
    let animation = "getComputedStyle(document.querySelector('.card.moved')).animationName";
    let hold = "document.querySelector('.card').classList.add('moved')";
    page.eval(hold).await;
    assert_eq!(page.eval(animation).await, json!("moved"));
    page.prefer("prefers-reduced-motion", "reduce").await;
    page.eval(hold).await;
    assert_eq!(page.eval(animation).await, json!("none"));
    world.confirm(order, &tea).await;
    page.until(&shows("ada", "confirmed")).await;

    let foreign = "performance.getEntriesByType('resource').map((entry) => entry.name)
        .filter((name) => !name.startsWith(location.origin) && !name.startsWith('data:'))";
    assert_eq!(page.eval(foreign).await, json!([]));
    let policy = "fetch('/').then((page) => page.headers.get('content-security-policy'))";
    let policy = page.eval(policy).await;
    assert!(policy.as_str().unwrap().starts_with("default-src 'none';"), "{policy}");
    world.server.stop().await.unwrap();
}
