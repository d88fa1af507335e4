//! A run is chosen by its seed.

use super::*;
use crate::payment_service::Behaviour;

fn load(seed: u64) -> Load {
    let (orders, clients, goods, pieces, settle) = (50, 4, 3, 20, 0);
    let behaviour = Behaviour { seed, ..Behaviour::default() };
    Load { server: None, orders, clients, goods, pieces, behaviour, settle }
}

#[test]
fn a_seed_repeats_its_orders_and_no_order_names_goods_twice() {
    let (one, two) = (Plan::new(&load(1)), Plan::new(&load(2)));
    assert_ne!(one.order(7), two.order(7));
    for number in 0..50 {
        let order = one.order(number);
        assert_eq!(order, Plan::new(&load(1)).order(number));
        let lines = order.body["lines"].as_array().unwrap();
        let goods: std::collections::HashSet<_> =
            lines.iter().map(|line| line["sku"].as_str().unwrap()).collect();
        assert_eq!(goods.len(), lines.len());
    }
}

#[tokio::test]
async fn a_client_waits_for_a_shop_that_is_started_anew() {
    let away = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = away.local_addr().unwrap();
    let (shop, plan) = (ShopClient::new(&format!("http://{address}")), Plan::new(&load(1)));
    let back = async {
        // It is killed with a command in hand, and for a while nobody listens.
        drop(away.accept().await.unwrap());
        drop(away);
        sleep(Duration::from_millis(100)).await;
        Server::start(&Storage::memory(), address, &Telemetry::none()).await.unwrap()
    };
    let order = plan.order(7);
    let mut figures = Figures::default();
    let (server, ()) = futures::join!(back, shop.carry_out(&order, &mut figures));
    assert_eq!((figures.placed, figures.failed, figures.doubled), (1, 0, 0));
    assert!(figures.retries > 0);
    server.caught_up().await.unwrap();
    assert_eq!(shop.counts().await.unwrap().all(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn every_order_is_placed_once_by_clients_that_repeat_themselves() {
    let storage = Storage::memory();
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::start(&storage, any, &Telemetry::none()).await.unwrap();
    let shop = ShopClient::new(&server.url());
    against(&shop, &load(1)).await.unwrap();
    // The whole run comes again, as if it had been started twice.
    against(&shop, &load(1)).await.unwrap();
    server.caught_up().await.unwrap();
    assert_eq!(shop.counts().await.unwrap().open(), 50);
    let levels = storage.views().page::<crate::views::StockLevel>(None, 10).await.unwrap();
    assert!(levels.iter().all(|(_, level)| level.received == 20), "{levels:?}");
    server.stop().await.unwrap();
}
