//! Files that are not what they should be.

use std::fs;

use crate::support::{File, flights, january};

/// The first rows of January, each changed by its index.
fn first_rows(change: impl Fn(usize, &str) -> String) -> File {
    let january = january();
    let lines: Vec<_> =
        january.lines().take(21).enumerate().map(|(index, line)| change(index, line)).collect();
    File::of(lines.join("\n"))
}

#[test]
fn bad_rows_are_reported_counted_and_left_out() {
    let file = first_rows(|index, line| match index {
        3 => line.replace(",2013-01-01T10:00:00Z", ",yesterday"),
        5 => line.chars().take(20).collect(),
        _ => line.to_owned(),
    });
    let ended = file.flights(&["--verify"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.said("bad row: line 4: time_hour is `yesterday`: expected an instant");
    ended.said("bad row: line 6: ");
    ended.said("18 rows (2 bad)");
    ended.said("verified: ");

    let ended = file.flights(&["--strict"]);
    ended.failed_with("line 4: time_hour is `yesterday`");
    assert!(!ended.stderr.contains("line 6"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn what_cannot_be_is_refused_by_the_flight_and_shows_in_the_verification() {
    // This flight comes down before it goes up: its arrival is told first.
    let file = first_rows(|index, line| match index {
        1 => line.replace(",227,", ",-5,"),
        _ => line.to_owned(),
    });
    let refusal = "line 2: flight 2013-01-01-UA-1545-EWR: it has not departed";
    let ended = file.flights(&[]);
    assert_eq!(ended.code, Some(0));
    ended.said(&format!("refused: {refusal}"));
    ended.said("(1 refused)");

    let ended = file.flights(&["--verify"]);
    ended.failed_with("the log and the file differ for 1 carrier");
    ended.said("UA: arrived 6 in the file, 5 in the log; minutes of arrival delay");

    file.flights(&["--strict"]).failed_with(refusal);
}

#[test]
fn a_repeated_row_is_bad_wherever_it_stands() {
    let january = january();
    let mut lines: Vec<_> = january.lines().take(10).collect();
    lines.push(lines[1]);
    let ended = File::of(lines.join("\n")).flights(&["--verify"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.said("line 11: flight 2013-01-01-UA-1545-EWR stands on line 2 already");
}

#[test]
fn a_file_without_the_columns_says_which_are_missing() {
    let file = File::of("date,airline\n2013-01-01,UA\n");
    let ended = file.flights(&[]);
    ended.failed_with("its header lacks the columns year, month, day");
    ended.said("it needs the columns of the nycflights13 table `flights`");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    flights(&["no-such-file.csv"]).failed_with("no flights can be read from no-such-file.csv");
    File::of("").flights(&[]).failed_with("lacks the columns");

    let whole = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-2013-01.csv.gz");
    let half = &fs::read(whole).unwrap()[..30_000];
    File::of(half)
        .flights(&[])
        .failed_with("it cannot be read to its end, see whether it is complete");
}
