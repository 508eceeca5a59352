//! Brings one table of the catalog up to date.

use sluice_catalog::inventory::{Inventory, Merged, Shelves};
use sluice_common::Sha256Digest;
use sluice_common::policy::{CatalogSpec, Dataset};
use sluice_common::port::{KnownTable, TableName};

use crate::answer::{Refreshed, State};
use crate::error::CatalogFunctionError;
use crate::parameters::{self, DIGEST, Told};
use crate::{CatalogFunction, verdict};

impl CatalogFunction {
    /// Compares what a dataset's table is said to hold with what is there, and tells the catalog the difference.
    ///
    /// Column statistics come first, the parameters that name what they were made of last: an attempt that ends in between
    /// is made again. Two at once tell the same, or the later one what is newer.
    pub(crate) async fn refresh(
        &self,
        dataset: &Dataset,
        spec: &CatalogSpec,
    ) -> Result<Refreshed, CatalogFunctionError> {
        let table = TableName { database: spec.database.clone(), table: spec.table.clone() };
        let named = |state| Refreshed::new(dataset, &table, state);
        if spec.database != self.config.catalog_database {
            return Ok(named(State::ForeignDatabase));
        }
        let Some(known) = self.catalog.known(&table).await? else { return Ok(named(State::UnknownTable)) };
        if known.location != format!("s3://{}/{}/", self.config.curated_bucket, dataset.name) {
            return Ok(named(State::OtherLocation));
        }
        let shelves = self.shelves();
        let inventory = Inventory::take(&shelves, &dataset.name, spec.statistics).await?;
        let digest = digest_of(&inventory, &known);
        let found = |state, unmeasured| named(state).counting(inventory.objects(), unmeasured);
        if known.parameters.get(DIGEST) == Some(&digest.to_hex()) {
            return Ok(found(State::Unchanged, inventory.unmeasured()));
        }
        let now = self.clock.now();
        let merged = inventory.merge(&shelves, now).await?;
        let unmeasured = inventory.unmeasured().saturating_add(merged.unusable);
        if unmeasured == 0 {
            self.tell_columns(&table, &known, &merged).await?;
        }
        let verdict = match inventory.newest() {
            Some(newest) => {
                verdict::of_object(self.context.ledger().await?.archive(), shelves.versions, newest).await?
            }
            None => None,
        };
        // An object whose statement is still being written is looked at again.
        let is_settled = verdict.is_some() || inventory.newest().is_none();
        let told = Told {
            inventory: &inventory,
            rows: (unmeasured == 0).then(|| merged.state.rows()),
            unmeasured,
            verdict: verdict.as_ref(),
            digest: is_settled.then_some(digest),
            at: now,
        };
        self.catalog.put_parameters(&table, &parameters::of(&told)).await?;
        Ok(found(if unmeasured == 0 { State::Updated } else { State::Incomplete }, unmeasured))
    }

    /// Statistics of each column that has the type which the table says; of the others none may be left.
    async fn tell_columns(
        &self,
        table: &TableName,
        known: &KnownTable,
        merged: &Merged,
    ) -> Result<(), CatalogFunctionError> {
        let mut statistics = merged.state.statistics();
        statistics.retain(|one| known.columns.contains(&one.column));
        self.catalog.put_statistics(table, &statistics, self.clock.now()).await?;
        let told = |name: &str| statistics.iter().any(|one| one.column.name == name);
        for column in known.columns.iter().filter(|column| !told(&column.name)) {
            self.catalog.forget_statistics(table, &column.name).await?;
        }
        Ok(())
    }

    fn shelves(&self) -> Shelves<'_> {
        Shelves {
            reader: self.context.ports.reader.as_ref(),
            writer: self.context.ports.writer.as_ref(),
            versions: self.context.ports.versions.as_ref(),
            curated: &self.config.curated_bucket,
            evidence: &self.config.evidence_bucket,
        }
    }
}

/// What the statistics are made of: the objects, their states, and the columns that they are told for.
fn digest_of(inventory: &Inventory, known: &KnownTable) -> Sha256Digest {
    let columns = known.columns.iter().map(|column| format!("{} {}\n", column.name, column.hive_type));
    let all: String = std::iter::once(format!("{}\n", inventory.digest())).chain(columns).collect();
    Sha256Digest::of(all.as_bytes())
}
