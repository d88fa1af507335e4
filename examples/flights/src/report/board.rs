//! The departure board.

use time::OffsetDateTime;

use super::progress::record;
use super::{clock, date_and_time, grouped, json, number, table, with_delay};
use crate::board::{Board, Line};
use crate::flight::Progress;

pub(crate) fn board(board: &Board, as_json: bool) -> String {
    if as_json {
        let lines = board.lines.iter();
        let records = lines.map(|line| record(&line.flight, &line.plan, line.progress));
        return json(&records.collect::<Vec<_>>());
    }
    let mut table = table(["Departs", "Flight", "From", "To", "Status"], &[]);
    for line in &board.lines {
        table.add_row([
            clock(line.plan.departure),
            number(&line.flight),
            line.flight.origin().to_owned(),
            line.plan.destination.clone(),
            status(line, board.at),
        ]);
    }
    let Board { at, lines, of } = board;
    format!(
        "{}\nAs it stood on {}, New York time: {} of the {} flights from 2 h before to 6 h after \
         (--board-rows shows more).\n",
        table.trim_fmt(),
        date_and_time(*at),
        grouped(&lines.len()),
        grouped(of)
    )
}

fn status(line: &Line, at: OffsetDateTime) -> String {
    match line.progress {
        Progress::Waiting if line.plan.departure < at => "delayed".to_owned(),
        Progress::Waiting => "scheduled".to_owned(),
        Progress::Cancelled => "cancelled".to_owned(),
        Progress::Departed(departed) => format!("departed {}", with_delay(departed)),
        Progress::Arrived { arrived, .. } => format!("arrived {}", with_delay(arrived)),
        Progress::Lost { departed } => {
            format!("departed {}, no arrival recorded", clock(departed.at))
        }
    }
}
