//! The table of punctuality, and its agreement with the file.
//!
//! The numbers were computed from the file by a short script in another
//! language, which knows nothing of this program.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{File, flights, january};

fn sum(carriers: &[Value], column: &str) -> u64 {
    carriers.iter().map(|carrier| carrier[column].as_u64().unwrap()).sum()
}

#[test]
fn january_is_counted_exactly() {
    let ended = flights(&["--verify", "--json"]);
    let carriers = ended.json();
    ended.said("27,004 rows (0 bad), 80,491 commands (0 refused), 80,491 events");
    ended.said("verified: the table of the log equals that of the file");

    assert_eq!(carriers.len(), 16);
    assert_eq!(sum(&carriers, "scheduled"), 27_004);
    assert_eq!(sum(&carriers, "cancelled"), 521);
    assert_eq!(sum(&carriers, "no_arrival"), 85);
    for pinned in [
        json!({
            "carrier": "9E", "name": "Endeavor Air Inc.", "scheduled": 1573, "cancelled": 75,
            "no_arrival": 18, "mean_dep_delay": 16.88, "mean_arr_delay": 10.21, "on_time_pct": 74.59
        }),
        json!({
            "carrier": "DL", "name": "Delta Air Lines Inc.", "scheduled": 3690, "cancelled": 29,
            "no_arrival": 6, "mean_dep_delay": 3.85, "mean_arr_delay": -4.4, "on_time_pct": 86.73
        }),
        json!({
            "carrier": "UA", "name": "United Air Lines Inc.", "scheduled": 4637, "cancelled": 32,
            "no_arrival": 15, "mean_dep_delay": 8.33, "mean_arr_delay": 3.18, "on_time_pct": 78.13
        }),
    ] {
        assert!(carriers.contains(&pinned), "{pinned} is not in {carriers:?}");
    }
}

/// All of January in a release build; in a debug build every tenth row, so that
/// nobody waits for minutes.
#[test]
fn ten_times_the_file_gives_ten_times_the_counts_and_the_same_means() {
    let step = if cfg!(debug_assertions) { 10 } else { 1 };
    let january = january();
    let (header, rows) = january.split_once('\n').unwrap();
    let mut once = format!("{header}\n");
    let mut tenfold = once.clone();
    for row in rows.lines().step_by(step) {
        writeln!(once, "{row}").unwrap();
        let fields: Vec<_> = row.split(',').collect();
        let number: u32 = fields[10].parse().unwrap();
        for copy in 0..10 {
            let shifted = (number + copy * 10_000).to_string();
            let mut fields = fields.clone();
            fields[10] = &shifted;
            writeln!(tenfold, "{}", fields.join(",")).unwrap();
        }
    }
    let once = File::of(once).flights(&["--verify", "--json"]).json();
    let tenfold = File::of(tenfold).flights(&["--verify", "--json"]).json();
    assert_eq!(once.len(), tenfold.len());
    for (once, tenfold) in once.iter().zip(&tenfold) {
        for count in ["scheduled", "cancelled", "no_arrival"] {
            let times_ten = once[count].as_u64().unwrap() * 10;
            assert_eq!(tenfold[count].as_u64(), Some(times_ten));
        }
        for mean in ["carrier", "mean_dep_delay", "mean_arr_delay", "on_time_pct"] {
            assert_eq!(tenfold[mean], once[mean]);
        }
    }
}

#[test]
fn a_carrier_of_whom_nothing_is_known_has_no_means() {
    let cancelled = File::of_january(|row| row.contains(",NA,1630,") && row.contains(",EV,4308,"));
    let carriers = cancelled.flights(&["--json"]).json();
    assert_eq!(carriers[0]["cancelled"], 1);
    assert_eq!(carriers[0]["mean_dep_delay"], Value::Null);
    let table = cancelled.flights(&[]).stdout;
    assert!(table.contains("ExpressJet Airlines Inc."), "{table}");
}

#[test]
fn a_file_without_rows_is_an_empty_table() {
    let empty = File::of_january(|_| false);
    assert_eq!(empty.flights(&["--verify", "--json"]).json(), [Value::Null; 0]);
}
