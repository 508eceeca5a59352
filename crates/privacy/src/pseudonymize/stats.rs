use serde::Serialize;

/// What was done, in numbers: fit for a statement, which holds no value and no name that only the data knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Rows read and written.
    pub rows: u64,
    /// Values that became NULL because the key of their subject's cohort was destroyed.
    #[serde(skip_serializing_if = "is_zero")]
    pub values_destroyed: u64,
    /// The columns of the policy, in its order.
    pub columns: Vec<ColumnStats>,
    /// Columns that the policy does not name and lets pass; for JSON Lines, those of the first block.
    pub undeclared_kept: u64,
    /// Columns that the policy does not name and were left out. JSON Lines does not look for them: none is counted.
    pub undeclared_dropped: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What was done to a column of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnStats {
    /// The name, as the policy has it.
    pub name: String,
    /// The transform's name.
    pub transform: &'static str,
    /// The output's type, such as `Utf8`; none for a column that is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_type: Option<&'static str>,
    /// Rows with a value. A column that is left out is not read: its values and nulls are not counted.
    pub values: u64,
    /// Rows without one.
    pub nulls: u64,
}
