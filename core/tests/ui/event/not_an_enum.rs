//! A `union` of Rust is no event.

use annals::Event;

#[derive(Event)]
union Opened {
    cents: u64,
}

fn main() {}
