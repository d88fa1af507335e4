//! To whom a unit falls.

use std::collections::BTreeMap;

use super::{Unit, WorkerId};

/// A worker that is alive, and which units it can work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The worker.
    pub worker: WorkerId,
    /// The units.
    pub units: Vec<Unit>,
}

/// To whom each unit falls among the workers that are alive.
///
/// Everybody who knows the same workers comes to the same result, so nobody has to
/// decide. The units that the same workers can work on are dealt out in runs of equal
/// length, give or take one, in their order: those of one partition stay together.
#[must_use]
pub fn assigned(candidates: &[Candidate]) -> BTreeMap<Unit, WorkerId> {
    let mut able: BTreeMap<&Unit, Vec<WorkerId>> = BTreeMap::new();
    for Candidate { worker, units } in candidates {
        for unit in units {
            able.entry(unit).or_default().push(*worker);
        }
    }
    let mut alike: BTreeMap<Vec<WorkerId>, Vec<&Unit>> = BTreeMap::new();
    for (unit, mut workers) in able {
        workers.sort();
        workers.dedup();
        alike.entry(workers).or_default().push(unit);
    }
    let deal = |(workers, units): (Vec<WorkerId>, Vec<&Unit>)| {
        let (each, all) = (workers.len(), units.len());
        let dealt = units.into_iter().enumerate();
        dealt.map(move |(nth, unit)| (unit.clone(), workers[nth * each / all])).collect::<Vec<_>>()
    };
    alike.into_iter().flat_map(deal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Partition;
    use crate::read_model::ModelId;

    fn units(models: &[&str], partitions: u16) -> Vec<Unit> {
        let of = |name: &&str| {
            let model = ModelId::new(name, 1).unwrap();
            (0..partitions).map(move |p| Unit {
                model: model.clone(),
                partition: Partition::new(p),
                slice: 0,
            })
        };
        models.iter().flat_map(of).collect()
    }

    fn shares(candidates: &[Candidate]) -> Vec<usize> {
        let assigned = assigned(candidates);
        let held = |c: &Candidate| assigned.values().filter(|w| **w == c.worker).count();
        candidates.iter().map(held).collect()
    }

    #[test]
    fn shares_differ_by_at_most_one() {
        for workers in 1..=12 {
            for partitions in [1, 3, 8] {
                let units = units(&["a", "b", "c"], partitions);
                let one = |_| Candidate { worker: WorkerId::new(), units: units.clone() };
                let candidates: Vec<_> = (0..workers).map(one).collect();
                let shares = shares(&candidates);
                assert_eq!(shares.iter().sum::<usize>(), units.len());
                let (most, least) = (shares.iter().max().unwrap(), shares.iter().min().unwrap());
                assert!(most - least <= 1, "{shares:?}");
            }
        }
    }

    #[test]
    fn a_unit_falls_only_to_who_can_work_on_it() {
        let (old, new) = (units(&["a"], 4), units(&["a", "b"], 4));
        let one = |units: &[Unit]| Candidate { worker: WorkerId::new(), units: units.to_vec() };
        let candidates = [one(&old), one(&new)];
        for (unit, worker) in assigned(&candidates) {
            let owner = candidates.iter().find(|c| c.worker == worker).unwrap();
            assert!(owner.units.contains(&unit));
        }
        assert_eq!(shares(&candidates), [2, 6]);
        assert!(assigned(&[]).is_empty());
    }

    #[test]
    fn units_of_one_partition_stay_together() {
        let units = units(&["a", "b"], 2);
        let workers = [WorkerId::new(), WorkerId::new()];
        let candidates = workers.map(|worker| Candidate { worker, units: units.clone() });
        let assigned = assigned(&candidates);
        for unit in &units {
            let home = workers.iter().min().unwrap();
            assert_eq!(assigned[unit] == *home, unit.partition == Partition::FIRST);
        }
    }
}
