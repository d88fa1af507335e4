//! A union has only variants that hold another event type.

use annals::Event;

#[derive(Event)]
#[event(union)]
enum BankEvent {
    Account { event: u8 },
    Card,
    Both(u8, u8),
}

#[derive(Event)]
#[event(union)]
enum Nothing {}

fn main() {}
