//! The invariants of the shop.

use std::collections::BTreeMap;

use super::Finding;
use super::facts::{Facts, OrderFacts};
use crate::ids::{OrderId, Sku};
use crate::order::Phase;
use crate::payment_service::{Entry, Record};

type Books<'a> = BTreeMap<OrderId, &'a Entry>;

pub(super) fn all(facts: &Facts, books: &[Record]) -> Vec<Finding> {
    let books: Books<'_> = books.iter().map(|record| (record.order, &record.entry)).collect();
    vec![
        nothing_is_sold_twice(facts),
        no_payment_without_an_order(facts, &books),
        no_order_is_stuck(facts),
        cancelled_orders_are_undone(facts, &books),
        shipped_orders_are_paid_and_gone(facts, &books),
    ]
}

/// At each moment, not only at the end.
fn nothing_is_sold_twice(facts: &Facts) -> Finding {
    let broken = facts.stock.iter().filter(|(_, stock)| stock.most_missing > 0);
    let broken =
        broken.map(|(sku, stock)| format!("{} pieces of {sku} too many", stock.most_missing));
    Finding::new("no stock is sold twice", facts.stock.len(), broken)
}

fn no_payment_without_an_order(facts: &Facts, books: &Books<'_>) -> Finding {
    let mut broken = Vec::new();
    for (order, entry) in books {
        let known = facts.orders.get(order).filter(|facts| facts.phase.is_some());
        match (known, entry) {
            (None, _) => broken.push(format!("order {order} was never placed")),
            (Some(facts), Entry::Authorized { cents, .. }) if facts.cents != *cents => {
                broken.push(format!("{cents} cents are held for order {order}"));
            }
            _ => {}
        }
    }
    let nowhere = facts.orders.iter().filter(|(_, facts)| facts.touched && facts.phase.is_none());
    broken.extend(nowhere.map(|(order, _)| format!("steps for {order}, which was never placed")));
    Finding::new("no payment and no step without an order", books.len(), broken)
}

fn no_order_is_stuck(facts: &Facts) -> Finding {
    let stuck = |facts: &OrderFacts| facts.phase.is_some_and(|phase| !phase.is_final());
    let broken = facts.orders.iter().filter(|(_, facts)| stuck(facts));
    let name = |facts: &OrderFacts| facts.phase.map_or("nowhere", Phase::name);
    let broken = broken.map(|(order, facts)| format!("order {order} is still {}", name(facts)));
    Finding::new("every order ends, shipped or cancelled", facts.orders.len(), broken)
}

fn cancelled_orders_are_undone(facts: &Facts, books: &Books<'_>) -> Finding {
    let (mut broken, mut looked_at) = (Vec::new(), 0);
    for (order, facts) in of(facts, Phase::Cancelled) {
        looked_at += 1;
        if !facts.reserved.is_empty() || !facts.taken.is_empty() {
            broken.push(format!("goods are kept for order {order}"));
        }
        if facts.dispatched {
            broken.push(format!("a parcel of order {order} is on its way"));
        }
        if facts.authorized || matches!(books.get(order), Some(Entry::Authorized { .. })) {
            broken.push(format!("money is held for order {order}"));
        }
    }
    Finding::new("every cancelled order is undone", looked_at, broken)
}

fn shipped_orders_are_paid_and_gone(facts: &Facts, books: &Books<'_>) -> Finding {
    let (mut broken, mut looked_at) = (Vec::new(), 0);
    for (order, facts) in of(facts, Phase::Shipped) {
        looked_at += 1;
        let lines: BTreeMap<Sku, u32> =
            facts.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
        if facts.taken != lines || !facts.reserved.is_empty() {
            broken.push(format!("the goods of order {order} have not left as ordered"));
        }
        if !facts.dispatched {
            broken.push(format!("order {order} has no parcel"));
        }
        if !facts.authorized || !matches!(books.get(order), Some(Entry::Authorized { .. })) {
            broken.push(format!("order {order} is not paid"));
        }
    }
    Finding::new("every shipped order is paid and has left", looked_at, broken)
}

fn of(facts: &Facts, phase: Phase) -> impl Iterator<Item = (&OrderId, &OrderFacts)> {
    facts.orders.iter().filter(move |(_, facts)| facts.phase == Some(phase))
}
