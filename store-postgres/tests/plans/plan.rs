//! The plan of a statement, as the server has carried it out.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A plan with what was counted.
pub(crate) struct Plan(pub(crate) Value);

/// One step that was carried out.
pub(crate) struct Step<'a> {
    pub(crate) kind: &'a str,
    pub(crate) relation: Option<&'a str>,
    pub(crate) index: Option<&'a str>,
    /// Rows that were looked at in vain, in all its rounds.
    pub(crate) in_vain: f64,
    /// Rows that it has handed on, in all its rounds.
    pub(crate) rows: f64,
}

impl Plan {
    /// Carries out a file of `sql/` with these arguments, planned without knowing them,
    /// as statements are that a store uses all the time.
    pub(crate) async fn of(url: &str, sql: &str, arguments: &str) -> Self {
        Self::planned("force_generic_plan", url, sql, arguments).await
    }

    /// The same, planned with the arguments at hand, as statements are that are prepared
    /// for one use.
    pub(crate) async fn known(url: &str, sql: &str, arguments: &str) -> Self {
        Self::planned("force_custom_plan", url, sql, arguments).await
    }

    async fn planned(mode: &str, url: &str, sql: &str, arguments: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let mut run = async |sql: String| connection.execute(AssertSqlSafe(sql)).await;
        run(format!("SET plan_cache_mode = {mode}")).await.unwrap();
        run(format!("PREPARE statement AS {sql}")).await.unwrap();
        let explain = format!("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE statement({arguments})");
        let plan: Value =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut connection).await.unwrap();
        connection.close().await.ok();
        Self(plan[0]["Plan"].clone())
    }

    /// Every step that was carried out; what partitions are not touched is left out.
    pub(crate) fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        collect(&self.0, &mut steps);
        steps
    }

    /// Fails unless every table is read by an index alone, without looking at more than
    /// `in_vain` rows that are not wanted, and without sorting more than `sorted` rows.
    #[track_caller]
    pub(crate) fn is_by_index(&self, name: &str, in_vain: f64, sorted: f64) {
        let steps = self.steps();
        let told = serde_json::to_string_pretty(&self.0).unwrap();
        for step in &steps {
            let sorts = matches!(step.kind, "Sort" | "Incremental Sort") && step.rows > sorted;
            assert!(!sorts, "{name} sorts: {told}");
            let scans = matches!(step.kind, "Seq Scan" | "Bitmap Heap Scan" | "Bitmap Index Scan");
            assert!(!(scans && step.relation.is_some()), "{name} reads a whole table: {told}");
        }
        let looked: f64 = steps.iter().map(|step| step.in_vain).sum();
        assert!(looked <= in_vain, "{name} looks at {looked} rows in vain: {told}");
    }

    /// How many rows were read from the tables.
    pub(crate) fn rows_read(&self) -> f64 {
        let read = self.steps().into_iter().filter(|step| step.relation.is_some());
        read.map(|step| step.rows + step.in_vain).sum()
    }

    /// The partitions' tables that were touched.
    pub(crate) fn tables(&self) -> Vec<String> {
        let tables = self.steps().into_iter().filter_map(|step| step.relation.map(str::to_owned));
        let mut tables: Vec<_> = tables.filter(|table| table.starts_with("events_")).collect();
        tables.sort();
        tables.dedup();
        tables
    }

    pub(crate) fn uses(&self, index: &str) -> bool {
        self.steps().iter().any(|step| step.index == Some(index))
    }
}

fn collect<'a>(plan: &'a Value, steps: &mut Vec<Step<'a>>) {
    let number = |name: &str| plan[name].as_f64().unwrap_or(0.0);
    let loops = number("Actual Loops");
    if loops > 0.0 {
        steps.push(Step {
            kind: plan["Node Type"].as_str().unwrap(),
            // The table that says what the log is has one row.
            relation: plan["Relation Name"].as_str().filter(|relation| *relation != "log"),
            index: plan["Index Name"].as_str(),
            in_vain: loops
                * (number("Rows Removed by Filter") + number("Rows Removed by Index Recheck")),
            rows: loops * number("Actual Rows"),
        });
    }
    for child in plan["Plans"].as_array().into_iter().flatten() {
        collect(child, steps);
    }
}
