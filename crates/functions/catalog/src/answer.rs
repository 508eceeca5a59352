use serde::Serialize;
use sluice_common::policy::Dataset;
use sluice_common::port::TableName;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// One entry for each table, in the order of the policy.
    pub tables: Vec<Refreshed>,
}

/// What was done about one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed {
    /// The dataset.
    pub dataset: String,
    /// `database.table`.
    pub table: String,
    /// How it stands.
    pub state: State,
    /// Objects of the table.
    pub objects: u64,
    /// Objects of which nothing was measured: published before the policy asked for it. Send their verdicts to
    /// `pseudonymize` again.
    pub unmeasured_objects: u64,
}

/// How a table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The catalog says what is there.
    Updated,
    /// It did so already.
    Unchanged,
    /// It says how many objects and bytes there are. Statistics of columns wait until every object is measured.
    Incomplete,
    /// The catalog does not know the table: nothing was published yet.
    UnknownTable,
    /// The catalog's table lies elsewhere: two datasets name one table, or someone else owns it.
    OtherLocation,
    /// The policy names a database that is not this deployment's.
    ForeignDatabase,
}

impl Refreshed {
    pub(crate) fn new(dataset: &Dataset, table: &TableName, state: State) -> Self {
        let table = format!("{}.{}", table.database, table.table);
        Self { dataset: dataset.name.clone(), table, state, objects: 0, unmeasured_objects: 0 }
    }

    pub(crate) fn counting(self, objects: u64, unmeasured_objects: u64) -> Self {
        Self { objects, unmeasured_objects, ..self }
    }
}
