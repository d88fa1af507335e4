//! The memory store passes the suite of every store.

use annals::Codec;
use annals::conformance::{Erased, Fixture, Setup, fixture};
use annals_memory::MemoryStore;

fn memory() -> impl Fixture {
    fixture(
        |setup: Setup| async move {
            let builder = MemoryStore::builder().codec(setup.codec);
            builder.partitions(setup.partitions.count()).build()
        },
        |log: MemoryStore| async move { log },
    )
}

annals::event_store_conformance!(plain, memory());
annals::event_store_conformance!(eight_partitions, memory(), Setup::new().with_partitions(8));
annals::event_store_conformance!(erased, Erased(memory()));
annals::event_store_conformance!(
    erased_eight_partitions,
    Erased(memory()),
    Setup::new().with_partitions(8)
);
annals::event_store_conformance!(
    message_pack,
    memory(),
    Setup::new().with_codec(Codec::MessagePack)
);
