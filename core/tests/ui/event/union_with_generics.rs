//! A union is joined once, when it is compiled.

use annals::Event;

#[derive(Event)]
#[event(union)]
enum BankEvent<T> {
    Account(T),
}

fn main() {}
