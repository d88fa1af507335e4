//! What is done with goods in stock, as sentences.

use annals::testing::Given;

use super::*;

fn ada() -> OrderId {
    OrderId::placed_under("ada")
}

fn bob() -> OrderId {
    OrderId::placed_under("bob")
}

fn received(quantity: u32) -> StockEvent {
    StockEvent::Received { quantity }
}

fn reserved(order: OrderId, quantity: u32) -> StockEvent {
    StockEvent::Reserved { order, quantity }
}

fn released(order: OrderId, quantity: u32) -> StockEvent {
    StockEvent::Released { order, quantity }
}

fn taken(order: OrderId, quantity: u32) -> StockEvent {
    StockEvent::Taken { order, quantity }
}

fn reserve(order: OrderId, quantity: u32) -> Reserve {
    Reserve { order, quantity }
}

#[test]
fn goods_are_received() {
    Stock::given([]).when(Receive { quantity: 3 }).then(received(3));
    for quantity in [0, MOST + 1] {
        Stock::given([]).when(Receive { quantity }).then_refused(Refusal::Quantity);
    }
}

#[test]
fn no_more_is_reserved_than_there_is() {
    let three = || Stock::given(received(3));
    three().when(reserve(ada(), 3)).then(reserved(ada(), 3));
    let sold_out = StockEvent::SoldOut { order: ada(), quantity: 4 };
    three().when(reserve(ada(), 4)).then(sold_out);
    let last = [received(3), reserved(bob(), 2)];
    let sold_out = StockEvent::SoldOut { order: ada(), quantity: 2 };
    Stock::given(last.clone()).when(reserve(ada(), 2)).then(sold_out);
    Stock::given(last).when(reserve(ada(), 1)).then(reserved(ada(), 1));
}

#[test]
fn what_is_released_can_be_reserved_and_what_is_taken_cannot() {
    let given = [received(3), reserved(bob(), 3), released(bob(), 3)];
    Stock::given(given).when(reserve(ada(), 3)).then(reserved(ada(), 3));
    let given = [received(3), reserved(bob(), 3), taken(bob(), 3)];
    let sold_out = StockEvent::SoldOut { order: ada(), quantity: 1 };
    Stock::given(given).when(reserve(ada(), 1)).then(sold_out);
}

#[test]
fn a_step_that_comes_again_changes_nothing() {
    let given = [received(3), reserved(ada(), 2)];
    Stock::given(given.clone()).when(reserve(ada(), 2)).then([]);
    Stock::given(given.clone()).when(reserve(ada(), 1)).then([]);
    let undone = [&given[..], &[released(ada(), 2)]].concat();
    Stock::given(undone).when(Release { order: ada() }).then([]);
    let gone = [&given[..], &[taken(ada(), 2)]].concat();
    Stock::given(gone.clone()).when(Take { order: ada() }).then([]);
    Stock::given(gone).when(reserve(ada(), 2)).then([]);
    // The first answer stands, also when goods have come meanwhile.
    let sold_out = StockEvent::SoldOut { order: ada(), quantity: 2 };
    Stock::given([sold_out, received(3)]).when(reserve(ada(), 2)).then([]);
}

#[test]
fn a_release_that_comes_first_is_kept_and_the_late_reservation_refused() {
    Stock::given(received(3)).when(Release { order: ada() }).then(released(ada(), 0));
    let given = [received(3), released(ada(), 0)];
    Stock::given(given).when(reserve(ada(), 1)).then_refused(Refusal::Released);
    let sold_out = StockEvent::SoldOut { order: ada(), quantity: 4 };
    Stock::given([received(3), sold_out]).when(Release { order: ada() }).then(released(ada(), 0));
}

#[test]
fn only_what_is_reserved_leaves_and_does_not_come_back() {
    let given = [received(3), reserved(ada(), 2)];
    Stock::given(given.clone()).when(Take { order: ada() }).then(taken(ada(), 2));
    Stock::given(given).when(Take { order: bob() }).then_refused(Refusal::NotReserved);
    let gone = [received(3), reserved(ada(), 2), taken(ada(), 2)];
    Stock::given(gone).when(Release { order: ada() }).then_refused(Refusal::Taken);
    let undone = [received(3), reserved(ada(), 2), released(ada(), 2)];
    Stock::given(undone).when(Take { order: ada() }).then_refused(Refusal::NotReserved);
}
