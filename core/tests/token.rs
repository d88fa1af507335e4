//! Tokens travel through headers and other people's hands: what comes back is
//! what was sent, or it is refused.

use annals::{Checkpoint, EventId, InvalidToken, LogId, Partition, Position, Token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use uuid::Uuid;

type Place = (u16, u64, u128);

fn log(number: u128) -> LogId {
    LogId::from_uuid(Uuid::from_u128(number))
}

fn checkpoint(of: LogId, (partition, position, event): Place) -> Checkpoint {
    let (partition, position) = (Partition::new(partition), Position::new(position));
    Checkpoint::new(of, partition, position, EventId::from_uuid(Uuid::from_u128(event)))
}

fn token(places: Vec<Place>) -> Token {
    let places = places.into_iter().map(|place| checkpoint(log(1), place));
    places.fold(Token::empty(log(1)), Token::with)
}

/// Few partitions, so that places meet.
fn places() -> impl Strategy<Value = Vec<Place>> {
    // One event per position, as in a log.
    let place = (0..6_u16, 0..9_u64).prop_map(|(partition, position)| {
        (partition, position, u128::from(partition) << 64 | u128::from(position))
    });
    proptest::collection::vec(place, 0..10)
}

proptest! {
    #[test]
    fn what_was_written_is_read(id: u128, all: Vec<Place>) {
        let places = all.into_iter().map(|place| checkpoint(log(id), place));
        let token = places.fold(Token::empty(log(id)), Token::with);
        let text = token.to_string();
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(text.parse::<Token>().unwrap(), token.clone());
        let json = serde_json::to_string(&token).unwrap();
        prop_assert_eq!(serde_json::from_str::<Token>(&json).unwrap(), token);
    }

    #[test]
    fn garbage_is_refused_without_a_panic(text: String) {
        // A text that happens to be a token is one.
        if let Ok(token) = text.parse::<Token>() {
            prop_assert!(token.to_string().parse::<Token>().is_ok());
        }
    }

    #[test]
    fn text_of_the_right_letters_is_read_or_refused(text in "[A-Za-z0-9_-]{0,140}") {
        if let Ok(token) = text.parse::<Token>() {
            prop_assert_eq!(token.to_string().parse::<Token>().unwrap(), token);
        }
    }

    #[test]
    fn a_token_that_was_cut_is_never_another_commit(places in places(), cut in 0..400_usize) {
        let whole = token(places);
        let text = whole.to_string();
        let cut = cut % text.len();
        // Cut between two places it still reads, as fewer of the same places.
        if let Ok(part) = text[..cut].parse::<Token>() {
            prop_assert!(part.checkpoints().all(|c| whole.checkpoint(c.partition()) == Some(c)));
        }
    }

    #[test]
    fn merging_keeps_the_later_place_and_has_no_order(a in places(), b in places()) {
        let (one, other) = (token(a.clone()), token(b.clone()));
        let both = one.clone().merge(&other);
        prop_assert_eq!(&both, &other.clone().merge(&one));
        prop_assert_eq!(&both, &token([a, b].concat()));
        prop_assert_eq!(&both, &both.clone().merge(&one));
        for partition in (0..6).map(Partition::new) {
            let position = |token: &Token| token.checkpoint(partition).map(|c| c.position());
            prop_assert_eq!(position(&both), position(&one).max(position(&other)));
        }
    }
}

#[test]
fn a_place_in_another_log_and_a_beginning_are_left_out() {
    let token = token(vec![(0, 1, 1)]);
    let elsewhere = checkpoint(log(2), (0, 9, 9));
    let start = Checkpoint::start(log(1), Partition::new(4));
    assert_eq!(token.clone().with(elsewhere).with(start), token);
}

#[test]
fn other_formats_and_cut_places_are_refused() {
    let text = token(vec![(0, 7, 7)]).to_string();
    let other_format = text.replacen('A', "B", 1);
    let padded = format!("{text}==");
    for refused in ["", "A", &text[..57], &other_format, &padded, &format!(" {text}")] {
        assert!(refused.parse::<Token>().is_err(), "{refused}");
    }
    assert_eq!(text.len(), 58);
}

#[test]
fn a_token_that_no_commit_has_written_is_refused_before_it_costs_anything() {
    let token = |places: &mut dyn Iterator<Item = (u16, u64)>| {
        let mut bytes = vec![1];
        bytes.extend([7; 16]);
        for (partition, position) in places {
            bytes.extend(partition.to_be_bytes());
            bytes.extend(position.to_be_bytes());
            bytes.extend([9; 16]);
        }
        URL_SAFE_NO_PAD.encode(bytes).parse::<Token>()
    };
    assert!(token(&mut (0..1024).map(|partition| (partition, 1))).is_ok(), "the largest log");
    assert_eq!(token(&mut (0..2048).map(|partition| (partition, 1))), Err(InvalidToken));
    assert_eq!(token(&mut [(1, 1), (0, 1)].into_iter()), Err(InvalidToken));
    assert_eq!(token(&mut [(1, 1), (1, 2)].into_iter()), Err(InvalidToken));
    assert_eq!(token(&mut [(0, 0)].into_iter()), Err(InvalidToken));
}

#[test]
fn a_stored_checkpoint_names_an_event_exactly_behind_the_start() {
    let stored = |position: u64, event: &str| {
        let log = LogId::new();
        let text =
            format!(r#"{{"log":"{log}","partition":0,"position":{position},"event":{event}}}"#);
        serde_json::from_str::<Checkpoint>(&text)
    };
    let event = format!("\"{}\"", EventId::new());
    assert!(stored(0, "null").is_ok());
    assert!(stored(9, &event).is_ok());
    assert!(stored(9, "null").is_err());
    assert!(stored(0, &event).is_err());
}
