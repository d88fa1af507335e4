//! A shop under fire: the payment service fails, the shop and its workers are killed, the
//! database restarts, and in the end every order is shipped or fully undone.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use annals_postgres::testing::Server;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Serving, run};

/// How many orders; `ORDERS_UNDER_FIRE` makes it more.
fn orders() -> u64 {
    let more = std::env::var("ORDERS_UNDER_FIRE").ok().and_then(|number| number.parse().ok());
    more.unwrap_or(400)
}

/// Ends a process as the kernel does where memory is scarce.
fn kill(process: &mut Serving) {
    let id = process.process.id().to_string();
    assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    process.process.wait().unwrap();
}

/// Where a shop can be opened again. Below the ports from which calls are made: none of those
/// takes it meanwhile.
fn address() -> String {
    let ports = (0..10_000).map(|more| 20_000 + (std::process::id() + more) % 10_000);
    let mut addresses = ports.map(|port| format!("127.0.0.1:{port}"));
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

/// Waits until the shop shows so many orders.
async fn shows(url: &str, orders: u64) {
    for look in 1.. {
        let counts = reqwest::get(format!("{url}/counts")).await.unwrap();
        let counts: BTreeMap<String, u64> = counts.json().await.unwrap();
        if counts.values().sum::<u64>() >= orders {
            return;
        }
        assert!(look < 3_000, "the shop has {counts:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_ends_whatever_is_killed_meanwhile() {
    let server = Server::builder().fsync(true).start().await.unwrap();
    let (url, number) = (server.url(), orders().to_string());
    let failing = ["--fail", "0.05", "--hang", "0.01", "--refuse", "0.02"];
    let payments = Serving::start(&[&["payments", "--port", "0"][..], &failing].concat());
    let at = ["--database", url.as_str()];
    let address = address();
    let serve = [&["serve", "--listen", &address, "--no-work"][..], &at].concat();
    let mut shop = Serving::start(&serve);
    let work = [&["work", "--payments", &payments.url][..], &at].concat();
    let mut workers = [Serving::start(&work), Serving::start(&work)];

    let load = ["load", "--server", &shop.url, "--orders", &number, "--settle", "600"];
    let load: Vec<String> =
        load.iter().chain(&["--clients", "16"]).map(ToString::to_string).collect();
    let load = spawn_blocking(move || run(&load.iter().map(String::as_str).collect::<Vec<_>>()));
    shows(&shop.url, 1).await;
    kill(&mut shop);
    shop = Serving::start(&serve);
    for worker in &mut workers {
        sleep(Duration::from_secs(4)).await;
        kill(worker);
        *worker = Serving::start(&work);
    }
    sleep(Duration::from_secs(2)).await;
    server.restart().await.unwrap();

    let (told, error, code) = load.await.unwrap();
    assert_eq!(code, Some(0), "{told}\n{error}");
    assert!(told.contains("0 placed, 0 confirmed, "), "{told}\n{error}");
    println!("{told}");
    assert!(told.contains(&format!("{number} orders placed in ")), "{told}");
    assert!(told.contains(" 0 doubled"), "{told}");
    assert!(!told.contains(", 0 retried"), "the shop was killed amid the load: {told}");
    for worker in workers {
        assert!(worker.stop().success());
    }
    assert!(shop.stop().success());
    let (told, error, code) = run(&[&["check", "--payments", &payments.url][..], &at].concat());
    println!("{told}");
    assert_eq!(code, Some(0), "{told}\n{error}");
    assert!(payments.stop().success());
}
