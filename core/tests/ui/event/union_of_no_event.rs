//! What a union holds is an event type itself.

use annals::Event;

#[derive(Event)]
#[event(union)]
enum BankEvent {
    Account(String),
}

fn main() {}
