//! What workers say of a version before they feed it.

use annals::StoreError;
use annals::read_model::{Declaration, DeclareError, ModelId, Shape, VersionState};
use sqlx::{PgConnection, Row};

use crate::error::{Failure, store_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::{BRIEF, has_code};
use crate::read_models::row::{
    declaration, key_type, partition, position, shape_name, small, state_of,
};
use crate::sql::home;

/// The tables of the version cannot be made or shown: the name is taken.
const TAKEN: &str = "AN010";
/// The role may not.
const DENIED: &str = "42501";
/// Something depends on an SQL view that would have to be replaced.
const DEPENDED_UPON: &str = "2BP01";

impl PostgresReadModels {
    pub(super) async fn declared(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        let home = home(&self.inner.schema, &model.id)?;
        let home = match (model.shape, home) {
            (Shape::Elsewhere, _) => None,
            (_, Some(home)) => Some(home),
            (_, None) => {
                let reason = "the name of its schema would be longer than the 63 bytes that \
                              PostgreSQL allows: give it, or the schema of the store, a shorter one";
                return Err(no_room(&model.id, reason));
            }
        };
        let declare = async {
            let mut tx = self.inner.access.begin(BRIEF).await?;
            let answer = self.declare_in(&mut tx, model, home).await?;
            // Also what is refused may have ended leases.
            tx.commit().await?;
            Ok(answer)
        };
        let answer: Result<Result<VersionState, DeclareError>, Refusal> =
            match tokio::time::timeout(self.inner.settings.statement_timeout, declare).await {
                Ok(answer) => answer,
                Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()),
            };
        let answer = answer.map_err(|refusal| refusal.explained(&model.id))??;
        // Leases of earlier code may have ended, and there is more to share.
        self.inner.news.stir();
        Ok(answer)
    }

    async fn declare_in(
        &self,
        tx: &mut PgConnection,
        model: &Declaration,
        home: Option<String>,
    ) -> Result<Result<VersionState, DeclareError>, Refusal> {
        let sql = &self.inner.sql;
        sql.declare_lock.query().execute(&mut *tx).await?;
        // Behind the lock, and a statement of its own: nobody else declares meanwhile.
        let rows = sql.versions.query().bind(&model.id.name).fetch_all(&mut *tx).await?;
        let known: Vec<Declaration> = rows.iter().map(declaration).collect::<Result<_, _>>()?;
        compare(model, &known)?;
        let kind = match model.shape {
            Shape::Documents(kind) => Some(key_type(kind)),
            _ => None,
        };
        let names: Vec<&str> = model.events.iter().map(|event| event.name.as_str()).collect();
        let newest: Vec<i32> = model.events.iter().map(|event| event.newest.into()).collect();
        let query = sql.declare.query().bind(&model.id.name).bind(small(model.id.version));
        let query = query.bind(shape_name(model.shape)).bind(kind).bind(names).bind(newest);
        let query =
            query.bind(model.fingerprint().cast_signed()).bind(i32::from(model.slices.max(1)));
        let query = query.bind(model.log.as_uuid());
        let query = query.bind(model.partitions.count().cast_signed()).bind(home);
        let query = query.bind(searched(model)).bind(small(model.revision));
        let row = query.fetch_one(&mut *tx).await?;
        match row.try_get(0)? {
            "unsearched" => Ok(Err(self.unsearched(tx, model, &known).await?)),
            state => Ok(Ok(state_of(state)?)),
        }
    }

    /// Which events are new to a version, and where its units stand, which are locked.
    async fn unsearched(
        &self,
        tx: &mut PgConnection,
        model: &Declaration,
        known: &[Declaration],
    ) -> Result<DeclareError, Refusal> {
        let (name, version) = (&model.id.name, small(model.id.version));
        let query = self.inner.sql.places.query().bind(name).bind(vec![version]);
        let rows = query.fetch_all(tx).await?;
        let at = rows.iter().map(|row| Ok((partition(row)?, position(row)?)));
        let at: Vec<_> = at.collect::<sqlx::Result<_>>()?;
        let known = known.iter().find(|known| known.id == model.id);
        let known = known.map_or(&[][..], |known| &known.events);
        let refused = model.check_searched(known, at).err();
        Ok(refused.unwrap_or_else(|| StoreError::permanent("a read model is damaged").into()))
    }
}

/// Up to where the log was searched, by partition; nothing where it was not.
fn searched(model: &Declaration) -> Vec<i64> {
    if model.searched.is_empty() {
        return Vec::new();
    }
    let searched = |partition| model.searched.get(&partition).copied().unwrap_or_default();
    model.partitions.iter().map(|p| searched(p).get().cast_signed()).collect()
}

/// Refuses what does not fit what is known.
fn compare(model: &Declaration, known: &[Declaration]) -> Result<(), DeclareError> {
    let id = model.id.clone();
    // All versions are fed from one log: else they could not be compared, and tokens would
    // mean two things.
    if let Some(other) = known.iter().find(|known| known.log != model.log) {
        return Err(DeclareError::AnotherLog { id, known: other.log, log: model.log });
    }
    let Some(same) = known.iter().find(|known| known.id == id) else {
        return match known.first().map(|known| known.id.version) {
            Some(oldest) if oldest > id.version => Err(DeclareError::Discarded { id, oldest }),
            _ => Ok(()),
        };
    };
    if same.partitions != model.partitions {
        let reason = format!("{id} is fed from a log of another number of partitions");
        return Err(StoreError::permanent(reason).into());
    }
    let declared = (model.shape, model.slices.max(1));
    if (same.shape, same.slices) != declared {
        let (declared, slices) = declared;
        let (known, known_slices) = (same.shape, same.slices);
        return Err(DeclareError::Different { id, known, known_slices, declared, slices });
    }
    model.check_newer(same)
}

/// Why it was not declared.
enum Refusal {
    Contract(DeclareError),
    Database(sqlx::Error),
}

impl From<DeclareError> for Refusal {
    fn from(error: DeclareError) -> Self {
        Refusal::Contract(error)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Refusal::Database(error)
    }
}

impl Refusal {
    fn explained(self, id: &ModelId) -> DeclareError {
        let error = match self {
            Refusal::Contract(error) => return error,
            Refusal::Database(error) => error,
        };
        let text = Failure::new(&error).to_string();
        if has_code(&error, TAKEN) {
            no_room(id, &text)
        } else if has_code(&error, DENIED) {
            let advice = "grant the role CREATE on the database and on the schema of the store";
            no_room(id, &format!("{text}: {advice}"))
        } else if has_code(&error, DEPENDED_UPON) {
            no_room(id, &format!("{text}: {}", dependents(&error)))
        } else {
            DeclareError::Store(store_error(&error))
        }
    }
}

fn no_room(id: &ModelId, reason: &str) -> DeclareError {
    DeclareError::NoRoom { id: id.clone(), reason: reason.to_owned() }
}

/// What depends on it, by the server's word: names of objects, and nothing of rows.
pub(super) fn dependents(error: &sqlx::Error) -> String {
    let error = error.as_database_error();
    let error = error.and_then(|e| e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>());
    error.and_then(sqlx::postgres::PgDatabaseError::detail).unwrap_or_default().replace('\n', "; ")
}

/// The model of a unit or a query has a name that cannot be one.
pub(super) fn misnamed(error: annals::read_model::InvalidName) -> StoreError {
    StoreError::permanent(error)
}
