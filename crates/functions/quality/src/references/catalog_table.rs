//! A table of the Glue Data Catalog: the objects below its folders, together.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sluice_common::port::{StorageFormat, TableName};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_quality::{CatalogColumns, ColumnMatching, Part, PartedTable};
use sluice_stage::table_objects::{MOST_OBJECTS, TableObject, TableObjectsError, objects_of, read_options};

use crate::QualityFunction;
use crate::error::{JudgeError, TableProblem};

/// Objects under way at once.
const PARALLEL_READS: usize = 8;

/// A table that was taken: what the catalog said of it, and the versions that it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TableRef {
    alias: String,
    glue: TableName,
    format: StorageFormat,
    columns: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    partition_columns: Vec<String>,
    objects: Vec<PartRef>,
}

/// An object of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PartRef {
    uri: String,
    /// SHA-256 of its bytes.
    sha256: Sha256Digest,
    /// What its partition says of its rows, in the order of `partitionColumns`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<Option<String>>,
}

impl TableRef {
    pub(super) fn alias(&self) -> &str {
        &self.alias
    }

    /// How many objects it has.
    pub(super) fn objects(&self) -> usize {
        self.objects.len()
    }

    fn catalog_columns(&self) -> CatalogColumns {
        let matching = ColumnMatching::of(&read_options(&self.format).format);
        CatalogColumns { columns: self.columns.clone(), partition_columns: self.partition_columns.clone(), matching }
    }
}

impl QualityFunction {
    /// A table as it is now, beside other tables of so many objects.
    pub(super) async fn choose_table(
        &self,
        alias: &str,
        glue: &TableName,
        others: usize,
    ) -> Result<TableRef, JudgeError> {
        let unfit = |problem| JudgeError::table(alias, glue, problem);
        let storage = self.tables.storage(glue).await.map_err(|error| unfit(TableProblem::Catalog(error)))?;
        let listed = objects_of(self.frame.ports().versions.as_ref(), &storage).await;
        let listed = listed.map_err(|error| unfit(TableProblem::Objects(error)))?;
        if others.saturating_add(listed.len()) > MOST_OBJECTS {
            return Err(unfit(TableProblem::Objects(TableObjectsError::TooMany)));
        }
        let hash = |TableObject { at, values }: TableObject| async move {
            let sha256 = self.digest_of(&at).await;
            let sha256 =
                sha256.map_err(|source| JudgeError::ReferenceUnreadable { alias: alias.to_owned(), source })?;
            Ok::<_, JudgeError>(PartRef { uri: at.uri(), sha256, values })
        };
        let hashing: Vec<_> = listed.into_iter().map(hash).collect();
        let objects = stream::iter(hashing).buffered(PARALLEL_READS).try_collect().await?;
        let (format, columns) = (storage.format, storage.columns);
        let partition_columns = storage.partition_columns;
        Ok(TableRef { alias: alias.to_owned(), glue: glue.clone(), format, columns, partition_columns, objects })
    }

    /// Copies a table that was taken.
    pub(super) async fn fetch_table(&self, taken: &TableRef, glue: &TableName) -> Result<PartedTable, JudgeError> {
        if taken.glue != *glue {
            return Err(JudgeError::InputsDamaged);
        }
        let fetch = |part: &PartRef| {
            let (at, values) = (ObjectVersion::from_uri(&part.uri), part.values.clone());
            let (sha256, options) = (part.sha256, read_options(&taken.format));
            async move {
                let at = at.map_err(|_no_version| JudgeError::InputsDamaged)?;
                let table = self.open_copy(&taken.alias, &at, sha256, options).await?;
                Ok::<_, JudgeError>(Part { table, values })
            }
        };
        let fetching: Vec<_> = taken.objects.iter().map(fetch).collect();
        let parts = stream::iter(fetching).buffered(PARALLEL_READS).try_collect().await?;
        PartedTable::new(&taken.catalog_columns(), parts)
            .map_err(|error| JudgeError::table(&taken.alias, glue, TableProblem::Columns(error)))
    }
}
