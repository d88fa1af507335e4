//! Who works on what.

use std::collections::{BTreeMap, BTreeSet};

use annals::StoreError;
use annals::read_model::{Candidate, Heartbeat, Lease, ModelId, Share, Unit, WorkerId, assigned};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::row::{self, clean, small};
use crate::row::{signed, unsigned};

/// A unit as it is shared.
struct Shared {
    unit: Unit,
    model: i32,
    fingerprint: i64,
    token: u64,
    in_force: bool,
    own: bool,
    wished: bool,
    workers: Vec<Uuid>,
}

impl Shared {
    fn of(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            unit: row::unit(row, row::model(row, "name", "version")?)?,
            model: row.try_get("id")?,
            fingerprint: row.try_get("fingerprint")?,
            token: unsigned(row.try_get("token")?),
            in_force: row.try_get("in_force")?,
            own: row.try_get("own")?,
            wished: row.try_get("wished")?,
            workers: row.try_get("workers")?,
        })
    }
}

impl PostgresReadModels {
    pub(super) async fn shared(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        self.share_once(heartbeat).await.map_err(|error| store_error(&error))
    }

    /// Three statements, each for itself: a worker that is paused between them holds no
    /// locks, and what it learns is only a hint where it says whom a unit falls to.
    async fn share_once(&self, heartbeat: &Heartbeat) -> sqlx::Result<Share> {
        let (access, sql) = (&self.inner.access, &self.inner.sql);
        self.beat(heartbeat).await?;
        let worker = *heartbeat.worker.as_uuid();
        let rows = access.read(|| sql.share.query().bind(worker)).await?;
        let units: Vec<Shared> = rows.iter().map(Shared::of).collect::<sqlx::Result<_>>()?;

        let assigned = assigned(&candidates(&units));
        let falls_to_us = |unit: &Shared| assigned.get(&unit.unit) == Some(&heartbeat.worker);
        let mut share = Share::default();
        for held in units.iter().filter(|unit| unit.own && unit.in_force) {
            share.leases.push(lease(heartbeat, &held.unit, held.token));
            if held.wished {
                share.wishes.push(held.unit.clone());
            }
            if !falls_to_us(held) {
                share.surplus.push(held.unit.clone());
            }
        }
        let free: Vec<_> =
            units.iter().filter(|unit| !unit.in_force && falls_to_us(unit)).collect();
        for (unit, token) in self.claim(heartbeat, &free).await? {
            share.leases.push(lease(heartbeat, &unit.unit, token));
            if unit.wished {
                share.wishes.push(unit.unit.clone());
            }
        }
        share.leases.sort_by(|one, other| one.unit.cmp(&other.unit));
        Ok(share)
    }

    async fn beat(&self, heartbeat: &Heartbeat) -> sqlx::Result<()> {
        let models = &heartbeat.models;
        let names: Vec<&str> = models.iter().map(|(id, _)| id.name.as_str()).collect();
        let versions: Vec<i32> = models.iter().map(|(id, _)| small(id.version)).collect();
        let prints: Vec<i64> = models.iter().map(|(_, print)| print.cast_signed()).collect();
        let query = self.inner.sql.heartbeat.query().bind(heartbeat.worker.as_uuid());
        let query = query.bind(clean(&heartbeat.label)).bind(heartbeat.lease.as_secs_f64());
        let query = query.bind(names).bind(versions).bind(prints);
        let reports = &heartbeat.reports;
        let places = Places::of(reports.iter().map(|report| &report.unit));
        let query = query.bind(places.names).bind(places.versions);
        let query = query.bind(places.partitions).bind(places.slices);
        let query = query.bind(reports.iter().map(|r| r.rate).collect::<Vec<_>>());
        let trouble = reports.iter().map(|r| r.trouble.as_deref().map(clean));
        let query = query.bind(trouble.collect::<Vec<_>>());
        let query = query.bind(reports.iter().map(|r| r.since).collect::<Vec<_>>());
        let query = query.bind(reports.iter().map(|r| r.stopped).collect::<Vec<_>>());
        self.inner.access.execute(query).await.map(drop)
    }

    /// Takes those that are still free; with the token of each.
    async fn claim<'u>(
        &self,
        heartbeat: &Heartbeat,
        free: &[&'u Shared],
    ) -> sqlx::Result<Vec<(&'u Shared, u64)>> {
        if free.is_empty() {
            return Ok(Vec::new());
        }
        let query = self.inner.sql.claim.query().bind(heartbeat.worker.as_uuid());
        let query = query.bind(heartbeat.lease.as_secs_f64());
        let query = query.bind(free.iter().map(|u| u.model).collect::<Vec<_>>());
        let places = Places::of(free.iter().map(|u| &u.unit));
        let query = query.bind(places.partitions).bind(places.slices);
        let query = query.bind(free.iter().map(|u| u.fingerprint).collect::<Vec<_>>());
        let rows = self.inner.access.write(query).await?;
        let place = |u: &Shared| (u.model, u.unit.partition, u.unit.slice);
        let by_place: BTreeMap<_, _> = free.iter().map(|u| (place(u), *u)).collect();
        let mut claimed = Vec::new();
        for row in &rows {
            let place = (row.try_get("model")?, row::partition(row)?, row::slice(row)?);
            if let Some(unit) = by_place.get(&place) {
                claimed.push((*unit, unsigned(row.try_get("token")?)));
            }
        }
        Ok(claimed)
    }

    pub(super) async fn handed_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        if leases.is_empty() {
            return Ok(());
        }
        let places = Places::of(leases.iter().map(|lease| &lease.unit));
        let query = self.inner.sql.hand_over.query().bind(places.names).bind(places.versions);
        let query = query.bind(places.partitions).bind(places.slices);
        let query = query.bind(leases.iter().map(|l| *l.worker.as_uuid()).collect::<Vec<_>>());
        let query = query.bind(leases.iter().map(|l| signed(l.token)).collect::<Vec<_>>());
        let done = self.inner.access.execute(query).await;
        self.inner.news.stir();
        done.map(drop).map_err(|error| store_error(&error))
    }

    pub(super) async fn left(&self, worker: WorkerId) -> Result<(), StoreError> {
        let query = self.inner.sql.leave.query().bind(worker.as_uuid());
        let done = self.inner.access.execute(query).await;
        self.inner.news.stir();
        done.map(drop).map_err(|error| store_error(&error))
    }
}

fn lease(heartbeat: &Heartbeat, unit: &Unit, token: u64) -> Lease {
    Lease { unit: unit.clone(), worker: heartbeat.worker, token, length: heartbeat.lease }
}

/// Who can work on what, of those that are alive.
fn candidates(units: &[Shared]) -> Vec<Candidate> {
    let workers: BTreeSet<Uuid> = units.iter().flat_map(|u| u.workers.iter().copied()).collect();
    let candidate = |worker: Uuid| {
        let able = units.iter().filter(|unit| unit.workers.contains(&worker));
        let units = able.map(|unit| unit.unit.clone()).collect();
        Candidate { worker: WorkerId::from_uuid(worker), units }
    };
    workers.into_iter().map(candidate).collect()
}

/// Units, by column.
struct Places {
    names: Vec<String>,
    versions: Vec<i32>,
    partitions: Vec<i16>,
    slices: Vec<i32>,
}

impl Places {
    fn of<'u>(units: impl Iterator<Item = &'u Unit>) -> Self {
        let mut places =
            Self { names: vec![], versions: vec![], partitions: vec![], slices: vec![] };
        for Unit { model: ModelId { name, version }, partition, slice } in units {
            places.names.push(name.clone());
            places.versions.push(small(*version));
            places.partitions.push(partition.get().cast_signed());
            places.slices.push(i32::from(*slice));
        }
        places
    }
}
