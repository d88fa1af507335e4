//! What is recorded of a payment, as sentences.

use annals::testing::Given;

use super::*;

fn authorize(id: &str) -> Authorize {
    Authorize { authorization: AuthorizationId(id.into()), cents: 100 }
}

fn authorized(id: &str) -> PaymentEvent {
    PaymentEvent::Authorized { authorization: AuthorizationId(id.into()), cents: 100 }
}

fn refuse() -> Refuse {
    Refuse { reason: "no cover".into() }
}

fn refused() -> PaymentEvent {
    PaymentEvent::Refused { reason: "no cover".into() }
}

#[test]
fn the_word_of_the_service_is_recorded_once() {
    Payment::given([]).when(authorize("a-1")).then(authorized("a-1"));
    Payment::given(authorized("a-1")).when(authorize("a-1")).then([]);
    Payment::given([]).when(refuse()).then(refused());
    Payment::given(refused()).when(refuse()).then([]);
}

#[test]
fn a_service_that_contradicts_itself_is_noticed() {
    let given = || Payment::given(authorized("a-1"));
    given().when(authorize("a-2")).then_refused(Refusal::Contradiction);
    given().when(refuse()).then_refused(Refusal::Contradiction);
    Payment::given(refused()).when(authorize("a-1")).then_refused(Refusal::Contradiction);
}

#[test]
fn what_is_void_stays_void_whether_it_was_authorized_or_not() {
    for before in [vec![], vec![authorized("a-1")], vec![refused()]] {
        Payment::given(before).when(Void).then(PaymentEvent::Voided);
    }
    let void = || Payment::given(PaymentEvent::Voided);
    void().when(Void).then([]);
    void().when(authorize("a-1")).then_refused(Refusal::Voided);
    void().when(refuse()).then_refused(Refusal::Voided);
}
