use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use time::macros::datetime;

use super::{BadRow, FileError, Outcome, Row, RowError, Rows};

const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,\
    arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n";
const ARRIVED: &str =
    "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z\n";
const CANCELLED: &str =
    "2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,NA,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z\n";
const NO_ARRIVAL: &str = "2013,1,1,1525,1530,-5,1934,1805,NA,MQ,4525,N719MQ,LGA,XNA,NA,1147,15,30,2013-01-01T20:00:00Z\n";

fn rows(text: impl AsRef<[u8]>) -> Vec<Result<Row, BadRow>> {
    let rows = Rows::read(Cursor::new(text.as_ref().to_vec())).unwrap();
    rows.map(Result::unwrap).collect()
}

fn one(row: &str) -> Result<Row, RowError> {
    let mut rows = rows(format!("{HEADER}{row}"));
    assert_eq!(rows.len(), 1);
    rows.remove(0).map_err(|bad| bad.problem)
}

#[test]
fn a_row_knows_its_flight_and_what_became_of_it() {
    let row = one(ARRIVED).unwrap();
    assert_eq!(row.line, 2);
    assert_eq!(row.id.to_string(), "2013-01-01-UA-1545-EWR");
    assert_eq!(row.plan.destination, "IAH");
    assert_eq!(row.plan.aircraft.as_deref(), Some("N14228"));
    let arrived = Outcome::Arrived { departure_delay: 2, minutes_in_air: 227, arrival_delay: 11 };
    assert_eq!(row.outcome, arrived);
    assert_eq!(one(CANCELLED).unwrap().outcome, Outcome::Cancelled);
    assert_eq!(one(CANCELLED).unwrap().plan.aircraft, None);
    let departure_delay = -5;
    let no_arrival = Outcome::NoArrival { departure_delay };
    assert_eq!(one(NO_ARRIVAL).unwrap().outcome, no_arrival);
}

#[test]
fn the_offset_of_the_airport_comes_from_the_row_in_winter_and_in_summer() {
    let departure = one(ARRIVED).unwrap().plan.departure;
    assert_eq!(departure, datetime!(2013-01-01 5:15 -5));
    assert_eq!(departure.offset().whole_hours(), -5);

    let summer = ARRIVED.replace("2013,1,1", "2013,7,1").replace("2013-01-01T10", "2013-07-01T09");
    let departure = one(&summer).unwrap().plan.departure;
    assert_eq!(departure, datetime!(2013-07-01 5:15 -4));
    assert_eq!(departure.offset().whole_hours(), -4);
}

#[test]
fn gzip_is_told_by_its_content() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(format!("{HEADER}{ARRIVED}").as_bytes()).unwrap();
    assert_eq!(rows(gzip.finish().unwrap()).len(), 1);
}

#[test]
fn the_columns_may_stand_in_any_order_among_others() {
    let header = "\u{feff}weather,time_hour,minute,hour,air_time,dest,origin,tailnum,flight,carrier,\
        arr_delay,dep_delay,dep_time,day,month,year\r\n";
    let row = "fog,2013-01-01T10:00:00Z,15,5,227,IAH,EWR,N14228,1545,UA,11,2,517,1,1,2013\r\n";
    let other = rows(format!("{header}{row}")).remove(0).unwrap();
    assert_eq!(other, one(ARRIVED).unwrap());
}

#[test]
fn a_file_without_the_columns_says_which_it_needs() {
    let header = HEADER.replace("dep_delay,", "").replace(",time_hour", "");
    let error = Rows::read(Cursor::new(header)).err().unwrap();
    let FileError::MissingColumns { missing } = &error else {
        panic!("{error}");
    };
    assert_eq!(missing, &["time_hour", "dep_delay"]);
    assert!(error.to_string().contains("lacks the columns time_hour, dep_delay"));
}

#[test]
fn bad_rows_are_named_by_line_and_the_good_ones_behind_them_are_read() {
    let text = format!(
        "{HEADER}{}\r\n{CANCELLED}\"1,2,3\r\n{NO_ARRIVAL}\n{CANCELLED}",
        ARRIVED.replace(",2,830", ",soon,830")
    );
    let rows = rows(text);
    let bad: Vec<_> =
        rows.iter().filter_map(|row| row.as_ref().err()).map(ToString::to_string).collect();
    assert_eq!(
        bad,
        [
            "line 2: dep_delay is `soon`: expected whole minutes or NA",
            "line 5: the number of its fields is 1: the header has 19",
            "line 8: flight 2013-01-01-EV-4308-EWR stands on line 4 already",
        ]
    );
    assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 2);
}

#[test]
fn a_row_that_is_not_text_is_bad_and_not_the_end() {
    let mut text = HEADER.as_bytes().to_vec();
    text.extend_from_slice(&ARRIVED.as_bytes()[..40]);
    text.extend_from_slice(b"\xff\xfe\n");
    text.extend_from_slice(ARRIVED.replace("UA", "\u{0}A").as_bytes());
    text.extend_from_slice(NO_ARRIVAL.as_bytes());
    let rows = rows(text);
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn what_contradicts_itself_is_no_flight() {
    let problem = |row: String| one(&row).unwrap_err().to_string();
    assert_eq!(
        problem(ARRIVED.replace(",517,515,2,", ",NA,515,NA,")),
        "arr_delay is given, dep_time is NA: the row contradicts itself"
    );
    assert_eq!(
        problem(ARRIVED.replace(",227,", ",NA,")),
        "arr_delay is given, air_time is NA: the row contradicts itself"
    );
    assert_eq!(
        problem(ARRIVED.replace("T10", "T02").replace("01T", "09T")),
        "the local time and time_hour are -189 h apart: they do not name the same moment"
    );
    assert_eq!(
        problem(ARRIVED.replace("2013,1,1,", "2013,2,30,")),
        "day is `30`: expected a day of that month"
    );
    assert_eq!(
        problem(ARRIVED.replace(",UA,", ",U-A,")),
        "carrier `U-A` and origin `EWR` name no flight: expected letters and digits"
    );
}
