//! Workers in processes of their own, killed at random moments under load, and so are their
//! sessions in the database.

use std::process::Stdio;
use std::time::Duration;

use annals::store::StreamQuery;
use annals::{EventStore, StreamId};
use annals_postgres::sqlx::{self, Connection, PgConnection, PgPool};
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_processes::step::Phase;
use annals_processes::{Call, CallOptions, Executor, Failure, Overview, ProcessOptions, Processes};
use futures::TryStreamExt;
use futures::future::join_all;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::bank::{Bank, Clerk};
use super::domain::{Answer, Ask, Fulfilment, OrderEvent, StockEvent};
use super::life::Life;
use super::place::{Place, eventually};
use super::random::Random;

const ORDERS: usize = 200;
const KILLS: usize = 20;

/// Tells this program that it is a worker: the URL.
const TOLD: &str = "ANNALS_PROCESS_WORKER";

const BANK: &str = "CREATE TABLE public.bank (key text PRIMARY KEY, what text, who text)";

/// The bank of all workers: it does once what comes under one key.
struct Teller {
    clerk: Clerk,
    bank: PgPool,
}

impl Teller {
    async fn does(&self, what: &str, order: &str, call: &Call) -> Result<(), Failure> {
        let mut done = Err(Failure::passing("the bank is closed"));
        // Its sessions are ended, too, which is not what it is asked about.
        for _ in 0..100 {
            let entry = "INSERT INTO public.bank VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            let entry = sqlx::query(entry).bind(call.key.as_str()).bind(what).bind(order);
            done = entry.execute(&self.bank).await.map(drop).map_err(Failure::passing);
            if done.is_ok() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        done
    }
}

fn is_refused(order: &str) -> bool {
    order.parse::<usize>().unwrap() % 7 == 0
}

fn is_in_doubt(order: &str) -> bool {
    order.parse::<usize>().unwrap() % 5 == 0 && !is_refused(order)
}

impl Executor<Ask> for Teller {
    type Reply = Answer;

    async fn execute(&self, command: &Ask, call: &Call) -> Result<Answer, Failure> {
        match command {
            Ask::Authorize { order, .. } if is_refused(order) => Err(Failure::refused("no")),
            Ask::Authorize { order, .. } => {
                self.does("authorized", order, call).await?;
                match is_in_doubt(order) {
                    true => Err(Failure::unknown("no answer")),
                    false => Ok(Answer::Authorized { payment: call.key.as_str().to_owned() }),
                }
            }
            Ask::Void { order } => {
                self.does("void", order, call).await?;
                Ok(Answer::Done)
            }
            _ => self.clerk.execute(command, call).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works_until_it_is_killed() {
    let Ok(url) = std::env::var(TOLD) else { return };
    let log = PostgresStore::connect(&url).await.unwrap().erased();
    let models = PostgresReadModels::connect(&url).await.unwrap();
    let clerk = Clerk::new(&log, &Bank::new(), &Life::new(None));
    let teller = Teller { clerk, bank: PgPool::connect(&url).await.unwrap() };
    let calls = CallOptions::new().attempts(1_000);
    let options = ProcessOptions::new().other_kinds(calls).from_beginning();
    let options = options.kind("payment", CallOptions::new().attempts(3));
    let processes = Processes::new(log, models).process_with::<Fulfilment>(teller, options);
    let processes = processes.lease(Duration::from_secs(1));
    processes.run_until(std::future::pending::<()>()).await.unwrap();
}

fn worker(url: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::works_until_it_is_killed", "--nocapture"]);
    command.env(TOLD, url).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().unwrap()
}

/// Ends a session of a worker.
async fn end_a_session(url: &str, random: &mut Random) {
    let mut owner = PgConnection::connect(url).await.unwrap();
    let busy = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() ORDER BY state = 'idle', pid";
    let busy: Vec<i32> = sqlx::query_scalar(busy).fetch_all(&mut owner).await.unwrap();
    if let Some(pid) = busy.get(random.below(busy.len().max(1))) {
        let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(pid);
        end.execute(&mut owner).await.unwrap();
    }
}

async fn place_orders(place: &Place) {
    let writers = (0..4).map(async |writer: usize| {
        for order in (writer..ORDERS).step_by(4) {
            let placed = OrderEvent::Placed { sku: "apple".to_owned(), quantity: 3, cents: 500 };
            let order = order.to_string();
            let key = || annals::IdempotencyKey::new(format!("place {order}")).unwrap();
            let place = async || {
                let placing = place.orders.update(&order, |_: &_| placed.clone());
                placing.idempotency_key(key()).await.is_ok()
            };
            // Its session may be ended, too.
            eventually("an order", place).await;
            sleep(Duration::from_millis(20)).await;
        }
    });
    join_all(writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_and_sessions_double_and_lose_no_command() {
    let place = Place::postgres().await;
    let url = place.database.as_ref().unwrap().url().to_owned();
    let mut owner = PgConnection::connect(&url).await.unwrap();
    sqlx::query(BANK).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    place.receive("apple", 10_000).await;
    let mut random = Random::new(3);
    let mut workers = vec![worker(&url), worker(&url)];
    let kills = async {
        for kill in 0..KILLS {
            sleep(Duration::from_millis(50) + random.millis(400)).await;
            workers.remove(random.below(2)).kill().await.unwrap();
            workers.push(worker(&url));
            if kill % 2 == 0 {
                end_a_session(&url, &mut random).await;
            }
        }
    };
    futures::join!(kills, place_orders(&place));
    for order in 0..ORDERS {
        let is_over = |overview: &Overview| overview.book.phase == Phase::Ended;
        place.until(&order.to_string(), is_over).await;
    }
    place.until_all_is_done().await;
    drop(workers);
    verify(&place, &url).await;
}

/// Each order is shipped or cancelled, and stock and bank agree with that.
async fn verify(place: &Place, url: &str) {
    let mut expected = (Vec::new(), 0);
    for order in (0..ORDERS).map(|order| order.to_string()) {
        let stream = StreamId::new("order", &order).unwrap();
        let events: Vec<_> =
            place.log.read(StreamQuery::forwards(stream)).try_collect().await.unwrap();
        let names: Vec<_> = events.iter().map(|event| event.name.as_ref()).collect();
        let shipped = !is_refused(&order) && !is_in_doubt(&order);
        let end = if shipped { "order.shipped" } else { "order.cancelled" };
        assert_eq!(names, ["order.placed", end], "order {order}");
        expected.1 += u32::from(shipped);
        if !is_refused(&order) {
            expected.0.push(("authorized".to_owned(), order.clone()));
        }
        if is_in_doubt(&order) {
            expected.0.push(("void".to_owned(), order.clone()));
        }
    }
    let mut owner = PgConnection::connect(url).await.unwrap();
    let bank = sqlx::query_as::<_, (String, String)>("SELECT what, who FROM public.bank");
    let mut bank = bank.fetch_all(&mut owner).await.unwrap();
    bank.sort();
    expected.0.sort();
    assert_eq!(bank, expected.0);

    let stream = StreamId::new("stock", "apple").unwrap();
    let events: Vec<_> = place.log.read(StreamQuery::forwards(stream)).try_collect().await.unwrap();
    let (mut reserved, mut released) = (Vec::new(), Vec::new());
    for event in events {
        match event.decode::<StockEvent>().unwrap().event {
            StockEvent::Reserved { order, .. } => reserved.push(order),
            StockEvent::Released { order } => released.push(order),
            StockEvent::Received { .. } => {}
        }
    }
    for (what, orders) in [("reserved", &mut reserved), ("released", &mut released)] {
        let all = orders.len();
        orders.sort();
        orders.dedup();
        assert_eq!(orders.len(), all, "{what} twice");
    }
    assert_eq!((reserved.len(), released.len()), (ORDERS, ORDERS - expected.1 as usize));
    let stock = place.stock.load("apple").await.unwrap().state;
    assert_eq!(stock.free, 10_000 - 3 * expected.1);
}
