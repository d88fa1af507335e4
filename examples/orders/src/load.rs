//! Many clients order scarce goods at the same time, lose answers, repeat themselves, and
//! change their minds.

mod client;
mod figures;
mod plan;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::time::sleep;

use crate::check;
use crate::cli::Load;
use crate::failure::Failure;
use crate::payment_service::{self, PaymentClient};
use crate::serve::Serving;
use crate::server::Server;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use crate::work::Work;
use client::ShopClient;
use figures::Figures;
use plan::Plan;

/// How often it looks whether the orders have ended.
const EVERY: Duration = Duration::from_millis(500);

/// Places the orders, and tells how that went.
///
/// # Errors
/// The shop does not answer, or, where it was opened for this run, an invariant does not
/// hold.
pub(crate) async fn run(args: &Load) -> Result<(), Failure> {
    match &args.server {
        Some(url) => against(&ShopClient::new(url), args).await,
        None => alone(args).await,
    }
}

/// Everything in this process and its memory.
async fn alone(args: &Load) -> Result<(), Failure> {
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let listen = |error| Failure::Listen { address: any, error };
    let service = payment_service::routes(args.behaviour.clone());
    let service = Serving::start(any, service).await.map_err(listen)?;
    let storage = Storage::memory();
    let payments = PaymentClient::new(&service.url());
    let server = Server::start(&storage, any, &Telemetry::none()).await?;
    let work = Work::start(&storage, payments.clone()).await?;
    server.show(&work);
    let loaded = against(&ShopClient::new(&server.url()), args).await;
    let caught_up = server.caught_up().await;
    server.stop().await?;
    work.stop().await?;
    loaded.and(caught_up)?;
    println!("at the end");
    check::tell(&storage, &payments).await
}

async fn against(shop: &ShopClient, args: &Load) -> Result<(), Failure> {
    let plan = Plan::new(args);
    for sku in plan.goods() {
        shop.receive(&sku, args.pieces, &plan.receipt(&sku)).await?;
    }
    let began = Instant::now();
    let clients = (0..args.clients).map(|client| {
        let (shop, plan, clients) = (shop.clone(), plan.clone(), args.clients);
        tokio::spawn(async move {
            let mut figures = Figures::default();
            // Dealt out as cards are: each order is placed by one client.
            for number in (u64::from(client)..plan.orders).step_by(clients.into()) {
                shop.carry_out(&plan.order(number), &mut figures).await;
            }
            figures
        })
    });
    let mut all = Figures::default();
    for figures in join_all(clients).await {
        all.add(figures.unwrap_or_else(|_| Figures::lost()));
    }
    let placed = all.placed;
    println!("{}", all.told(began.elapsed()));
    settled(shop, placed, Duration::from_secs(args.settle)).await
}

/// Waits until no order is under way any more, and tells how many ended how. A view that does
/// not show all that were `placed` is behind.
async fn settled(shop: &ShopClient, placed: u64, patience: Duration) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let counts = shop.counts().await?;
        let ended = counts.open() == 0 && counts.all() >= placed;
        if ended || began.elapsed() > patience {
            println!("{counts}, after another {:.1?}", began.elapsed());
            return Ok(());
        }
        sleep(EVERY).await;
    }
}
