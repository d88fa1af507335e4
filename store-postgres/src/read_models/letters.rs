//! Events that could not be taken.

use annals::read_model::{DeadLetter, LetterQuery, Wish};
use annals::{EventId, Position, StoreError, Version};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::error::{damaged, store_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::Statement;
use crate::read_models::row::{self, clean, small};
use crate::row::{signed, unsigned};

impl PostgresReadModels {
    pub(super) async fn dead_letters(
        &self,
        query: &LetterQuery,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let Some(query) = Filter::of(query) else { return Ok(Vec::new()) };
        let rows = self.inner.access.read(|| query.bind(self.inner.sql.letters.query())).await;
        let letters = rows.and_then(|rows| rows.iter().map(letter).collect());
        letters.map_err(|error| store_error(&error))
    }

    /// Those of a unit, within a transaction.
    pub(super) async fn letters_in(
        &self,
        tx: &mut PgConnection,
        query: &LetterQuery,
    ) -> sqlx::Result<Vec<DeadLetter>> {
        let Some(query) = Filter::of(query) else { return Ok(Vec::new()) };
        let rows = query.bind(self.inner.sql.letters.query()).fetch_all(tx).await?;
        rows.iter().map(letter).collect()
    }

    pub(super) async fn wished(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        let Some(query) = Filter::of(query) else { return Ok(0) };
        let (wish, note) = match wish {
            Wish::Retry => ("retry", None),
            Wish::Skip { note } => ("skip", Some(clean(note))),
        };
        let query = query.bind(self.inner.sql.wish.query()).bind(wish).bind(note);
        let wished = self.inner.access.execute(query).await;
        self.inner.news.stir();
        wished.map_err(|error| store_error(&error))
    }
}

/// What a query says, as arguments.
struct Filter<'q>(&'q LetterQuery);

impl<'q> Filter<'q> {
    /// `None` if no letter can fit: two things that it says exclude each other, or the
    /// database could not keep the key.
    fn of(query: &'q LetterQuery) -> Option<Self> {
        let fits = query.unit.as_ref().is_none_or(|unit| {
            query.name.as_ref().is_none_or(|name| *name == unit.model.name)
                && query.version.is_none_or(|version| version == unit.model.version)
                && query.partition.is_none_or(|partition| partition == unit.partition)
        });
        let kept = query.key.as_ref().is_none_or(|key| !key.contains('\0'));
        (fits && kept).then_some(Self(query))
    }

    fn bind<'s>(&self, statement: Statement<'s>) -> Statement<'s> {
        let LetterQuery {
            name, version, unit, partition, key, position, after, wished, limit, ..
        } = self.0;
        let model = unit.as_ref().map(|unit| &unit.model);
        let name = name.as_ref().or(model.map(|model| &model.name));
        let version = version.or(model.map(|model| model.version));
        let statement = statement.bind(name.cloned()).bind(version.map(small));
        let partition = partition.or(unit.as_ref().map(|unit| unit.partition));
        let partition = partition.map(|partition| partition.get().cast_signed());
        let slice = unit.as_ref().map(|unit| i32::from(unit.slice));
        let statement = statement.bind(partition).bind(slice).bind(key.clone());
        let statement = statement.bind(position.map(|at| signed(at.get()))).bind(*wished);
        let behind = after.as_ref().map(|(unit, _)| unit);
        let statement = statement.bind(behind.map(|unit| unit.partition.get().cast_signed()));
        let statement = statement.bind(behind.map(|unit| i32::from(unit.slice)));
        let statement = statement.bind(behind.map(|unit| unit.model.name.clone()));
        let statement = statement.bind(behind.map(|unit| small(unit.model.version)));
        let statement = statement.bind(after.as_ref().map(|(_, at)| signed(at.get())));
        statement.bind(limit.map(signed))
    }
}

fn letter(row: &PgRow) -> sqlx::Result<DeadLetter> {
    let stream: String = row.try_get("stream")?;
    let attempts: i64 = row.try_get("attempts")?;
    let wish: Option<String> = row.try_get("wish")?;
    let wish = match wish.as_deref() {
        None => None,
        Some("skip") => {
            Some(Wish::skip(row.try_get::<Option<String>, _>("note")?.unwrap_or_default()))
        }
        Some(_) => Some(Wish::Retry),
    };
    Ok(DeadLetter {
        unit: row::unit(row, row::model(row, "model", "model_version")?)?,
        position: Position::new(unsigned(row.try_get("position")?)),
        event: EventId::from_uuid(row.try_get("event")?),
        stream: stream.parse().map_err(|_| damaged("the stream of a dead letter"))?,
        version: Version::new(unsigned(row.try_get("version")?)),
        name: row.try_get("name")?,
        keys: row.try_get("keys")?,
        reason: row.try_get("reason")?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        parked_at: row.try_get("parked_at")?,
        wish,
        wishes: unsigned(row.try_get("wishes")?),
    })
}
