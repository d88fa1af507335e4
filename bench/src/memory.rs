//! Workloads on the memory store.

mod append;
mod commands;
mod hot;

use std::hint::black_box;
use std::time::Duration;

use annals::{Aggregate, Decide};

use crate::Failure;
use crate::account::{Account, Deposit, deposited};
use crate::measure::{Figure, repeat};

pub(crate) async fn run(time: Duration) -> Result<Vec<Figure>, Failure> {
    let mut figures = pure(time);
    figures.extend(append::run(time).await?);
    figures.extend(commands::run(time).await?);
    figures.extend(hot::run(time).await?);
    Ok(figures)
}

/// The pure side, without a store.
fn pure(time: Duration) -> Vec<Figure> {
    let mut account = Account::default();
    let event = deposited(1);
    let fold = repeat("fold", time, || {
        black_box(&mut account).evolve(black_box(&event));
    });
    let decide = repeat("decide", time, || {
        black_box(black_box(&account).decide(&Deposit { cents: 1 })).ok();
    });
    vec![decide, fold]
}
