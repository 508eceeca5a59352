//! `quality.hand_over`: what is done with objects that the quality function cannot finish in its time.

use serde::Serialize;

use super::reader::Reader;
use super::yaml::Node;

pub(super) const HAND_OVER_FIELDS: &[&str] = &["database", "table", "role_arn", "workers", "mib_per_second"];
/// Glue starts no run with fewer workers than two; a hundred are more than any table here needs.
const WORKERS: std::ops::RangeInclusive<u32> = 2..=100;
const DEFAULT_WORKERS: u32 = 5;
/// What one pass does in a function of 1 GB, ruleset and compression included: measured at two to four times as much.
const DEFAULT_MIB_PER_SECOND: u32 = 20;
const MIB_PER_SECOND: std::ops::RangeInclusive<u32> = 1..=10_000;

/// AWS Glue Data Quality judges what does not fit into the function's time. It reads a table of the Glue Data Catalog, not
/// the sealed version: the verdict says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandOverSpec {
    /// The Glue database of the table that Glue reads.
    pub database: String,
    /// The table: it lies over the raw objects.
    pub table: String,
    /// The role that Glue reads with. The function may pass this one only if the template names it too.
    pub role_arn: String,
    /// `G.1X` workers, 2 to 100. Default 5.
    pub workers: u16,
    /// How many stored MiB the function judges in a second, 1 to 10,000: an object that would take longer than the
    /// function's time is handed over. Default 20.
    pub mib_per_second: u32,
}

impl Reader {
    pub(super) fn hand_over(&mut self, node: &Node, path: &str) -> Option<HandOverSpec> {
        let fields = self.fields(node, path, HAND_OVER_FIELDS, &[])?;
        let database = self.required(&fields, "database");
        let database = database.and_then(|node| self.catalog_name(node, &fields.path_of("database")));
        let table = self.required(&fields, "table");
        let table = table.and_then(|node| self.catalog_name(node, &fields.path_of("table")));
        let role_arn = self.required(&fields, "role_arn").and_then(|node| {
            let rule = "the ARN of an IAM role: expected arn:aws:iam::<account>:role/<name>";
            self.text_where(node, &fields.path_of("role_arn"), rule, is_role_arn).map(str::to_owned)
        });
        let workers = self
            .optional(&fields, "workers", DEFAULT_WORKERS, |reader, node, path| reader.integer(node, path, WORKERS));
        let mib_per_second = self.optional(&fields, "mib_per_second", DEFAULT_MIB_PER_SECOND, |reader, node, path| {
            reader.integer(node, path, MIB_PER_SECOND)
        });
        Some(HandOverSpec {
            database: database?,
            table: table?,
            role_arn: role_arn?,
            workers: u16::try_from(workers?).ok()?,
            mib_per_second: mib_per_second?,
        })
    }
}

/// `arn:<partition>:iam::<12 digits>:role/<path and name>`, at most 512 bytes of what IAM allows in names.
fn is_role_arn(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (arn, partition, service, region, account, role) = (next(), next(), next(), next(), next(), next());
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&byte);
    let name = role.strip_prefix("role/").unwrap_or_default();
    arn == "arn"
        && partition.starts_with("aws")
        && (service, region) == ("iam", "")
        && is_account
        && (1..=512).contains(&name.len())
        && name.bytes().all(is_name)
}
