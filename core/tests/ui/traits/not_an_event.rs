use annals::Aggregate;

enum AccountEvent {
    Opened,
}

#[derive(Default)]
struct Account;

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, _: &AccountEvent) {}
}

fn main() {
    let _ = AccountEvent::Opened;
}
