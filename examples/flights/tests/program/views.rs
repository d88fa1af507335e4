//! The life of an aircraft and the departure board, against rows of the file
//! that were read by eye.

use serde_json::{Value, json};

use crate::support::{File, flights};

/// Everything that left on these days.
fn january(days: &[&str]) -> File {
    let starts: Vec<_> = days.iter().map(|day| format!("2013,1,{day},")).collect();
    File::of_january(|row| starts.iter().any(|start| row.starts_with(start)))
}

fn flight<'a>(board: &'a [Value], id: &str) -> &'a Value {
    board.iter().find(|line| line["id"] == id).unwrap()
}

#[test]
fn an_aircraft_lives_through_its_flights_in_order() {
    let file = File::of_january(|row| row.contains("N14228") || row.contains("N24211"));
    let legs = file.flights(&["--tail", "N14228", "--json"]).json();
    assert_eq!(legs.len(), 15);
    assert_eq!(
        legs[0],
        json!({
            "id": "2013-01-01-UA-1545-EWR",
            "carrier": "UA",
            "flight": "1545",
            "origin": "EWR",
            "destination": "IAH",
            "aircraft": "N14228",
            "departure": "2013-01-01T05:15:00-05:00",
            "status": "arrived",
            "departed": { "at": "2013-01-01T05:17:00-05:00", "delay": 2 },
            "arrived": { "at": "2013-01-01T09:04:00-05:00", "delay": 11 },
        })
    );
    assert_eq!(legs[14]["id"], "2013-01-31-UA-1593-EWR");

    let table = file.flights(&["--tail", "N14228"]).stdout;
    let line = "2013-01-16 17:30   UA 1637   EWR    TPA   18:29, 59 min late   20:53, 54 min late";
    assert!(table.contains(line), "{table}");
    assert!(table.contains("15 flights, 40 h 37 min in the air"), "{table}");
}

#[test]
fn any_number_of_workers_and_either_store_give_the_same_answers() {
    let file = january(&["1", "2"]);
    for question in [&["--json"][..], &["--tail", "N14228"], &["--at", "2013-01-01T12:00"]] {
        let ask = |more: &[&str]| {
            let ended = file.flights(&[question, more].concat());
            assert_eq!(ended.code, Some(0), "{}", ended.stderr);
            ended.stdout
        };
        let one = ask(&[]);
        assert_eq!(ask(&["--workers", "3"]), one);
        assert_eq!(ask(&["--store", "postgres", "--workers", "3"]), one);
    }
}

#[test]
fn an_unknown_aircraft_is_an_error_that_shows_how_to_write_one() {
    let file = File::of_january(|row| row.contains("N14228"));
    file.flights(&["--tail", "n14228"])
        .failed_with("no flight of an aircraft n14228 is in the log");
}

/// Flight UA 1497 was to leave at 18:05, left 43 minutes late, and flew for 337
/// minutes; DL 2019 was to leave at 18:00, and left 12 minutes early.
#[test]
fn the_board_knows_what_was_known_at_that_moment_and_no_more() {
    let file = january(&["11", "12", "13"]);
    let board = |at| file.flights(&["--at", at, "--json", "--board-rows", "1000"]).json();
    let late = "2013-01-12-UA-1497-EWR";
    let early = "2013-01-12-DL-2019-LGA";

    let at_six = board("2013-01-12T18:00");
    assert_eq!(flight(&at_six, late)["status"], "scheduled");
    assert_eq!(flight(&at_six, late)["departed"], Value::Null);
    assert_eq!(flight(&at_six, early)["status"], "departed");

    assert_eq!(flight(&board("2013-01-12T17:47"), early)["status"], "scheduled");
    assert_eq!(flight(&board("2013-01-12T17:48"), early)["status"], "departed");

    let departed = board("2013-01-12T18:48");
    assert_eq!(
        flight(&departed, late)["departed"],
        json!({ "at": "2013-01-12T18:48:00-05:00", "delay": 43 })
    );
    assert_eq!(flight(&departed, late)["arrived"], Value::Null);
}

#[test]
fn the_board_shows_the_flights_nearest_to_the_moment_in_order() {
    let file = january(&["12"]);
    let board = file.flights(&["--at", "2013-01-12T18:30", "--board-rows", "60"]).stdout;
    for line in [
        "18:05     UA 1497   EWR    LAX   delayed",
        "18:00     EV 4397   EWR    MCI   delayed",
        "18:10     AA 1611   LGA    MIA   departed 18:17, 7 min late",
    ] {
        assert!(board.contains(line), "{line} is not in\n{board}");
    }
    assert!(board.contains("2013-01-12 18:30, New York time: 60 of the "), "{board}");
}

#[test]
fn a_cancelled_flight_waits_until_its_time_has_come() {
    let file = File::of_january(|row| row.contains(",EV,4308,"));
    let board = |at| file.flights(&["--at", at, "--json"]).json();
    assert_eq!(board("2013-01-01T16:29")[0]["status"], "scheduled");
    assert_eq!(board("2013-01-01T16:30")[0]["status"], "cancelled");
}

#[test]
fn a_moment_that_cannot_be_meant_is_refused_with_an_example() {
    let ended = flights(&["--at", "6pm"]);
    assert_eq!(ended.code, Some(2));
    ended.said("as in 2013-01-12T18:00");

    let file = File::of_january(|row| row.contains("N14228"));
    file.flights(&["--at", "2014-06-01T12:00"])
        .failed_with("no flight was to depart in the hours around 2014-06-01 12:00, by");
}
