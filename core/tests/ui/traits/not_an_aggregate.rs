use annals::Repository;
use annals_memory::MemoryStore;

#[derive(Default)]
struct Account;

fn main() {
    let _ = Repository::<Account>::new(MemoryStore::new());
}
