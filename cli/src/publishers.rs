//! `annals publishers`: which publishers there are, and what people do where a receiver is
//! gone.

mod list;

use annals_publisher::PublisherOperations;
use serde::Serialize;

use crate::args::{Place, Publishers, Resume};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(
    command: &Publishers,
    place: &Place,
    output: Output,
) -> Result<Exit, Failure> {
    match command {
        Publishers::List(args) => {
            let operations = PublisherOperations::new(connect::log_to_read(place).await?);
            list::run(args, &operations, output).await?;
        }
        Publishers::Resume(args) => {
            let operations = PublisherOperations::new(connect::log(place).await?);
            resume(args, &operations, output).await?;
        }
    }
    Ok(Exit::Good)
}

/// There is nothing to be decided about it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the publisher `{name}` does not stand still: nothing was changed; `annals status {name}` \
     tells how it is doing"
)]
pub(crate) struct NotStopped {
    name: String,
}

#[derive(Serialize)]
struct Done<'a> {
    publisher: &'a str,
    resumed: bool,
}

async fn resume(
    args: &Resume,
    operations: &PublisherOperations,
    output: Output,
) -> Result<(), Failure> {
    let name = args.name.as_str();
    if !operations.resume(name, &args.note).await? {
        return Err(NotStopped { name: name.to_owned() }.into());
    }
    output.answer(&Done { publisher: name, resumed: true }, || {
        "Workers will go on within half a minute, with the first message that was not taken.\n"
            .to_owned()
    })
}
