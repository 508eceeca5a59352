//! The arrows between crates run downward only, and the functions stay thin.
//!
//! A crate may depend on fewer of ours than it is allowed to, never on others. A new crate must be given its row here.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Each package of ours and the packages of ours that its code may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("sluice-common", &[]),
    ("sluice-evidence", &["sluice-common"]),
    ("sluice-tabular", &[]),
    ("sluice-dqdl", &[]),
    ("sluice-packed", &[]),
    ("sluice-quality", &["sluice-dqdl", "sluice-packed", "sluice-tabular"]),
    ("sluice-quality-sql", &["sluice-quality", "sluice-tabular"]),
    ("sluice-profile", &["sluice-dqdl", "sluice-quality", "sluice-tabular"]),
    ("sluice-detect", &[TABULAR]),
    ("sluice-risk", &["sluice-tabular"]),
    ("sluice-report", &["sluice-quality", "sluice-profile", "sluice-risk"]),
    ("sluice-privacy", &["sluice-common", "sluice-detect", "sluice-risk", "sluice-tabular"]),
    ("sluice-release", &["sluice-common", "sluice-evidence", "sluice-tabular"]),
    ("sluice-integrity", &["sluice-common", "sluice-evidence"]),
    ("sluice-inventory", &[COMMON, TABULAR]),
    ("sluice-catalog", &[COMMON, "sluice-packed"]),
    ("sluice-tlog", &[]),
    ("sluice-log", &[COMMON, EVIDENCE, TLOG]),
    ("sluice-audit", &["sluice-common", "sluice-evidence"]),
    ("sluice-stage", &["sluice-common", "sluice-evidence", "sluice-integrity", "sluice-tabular"]),
    ("sluice-aws", &["sluice-common"]),
    ("sluice-testkit", &["sluice-common"]),
    (
        "sluice",
        &[
            AWS,
            COMMON,
            EVIDENCE,
            LOG,
            TLOG,
            STAGE,
            INTEGRITY,
            QUALITY,
            PRIVACY,
            RELEASE,
            RISK,
            DETECT,
            DQDL,
            TABULAR,
            PROFILE,
            REPORT,
            AUDIT,
            QUALITY_SQL,
        ],
    ),
    ("seal", &[AWS, COMMON, EVIDENCE, STAGE, INTEGRITY]),
    ("quality", &[AWS, COMMON, EVIDENCE, STAGE, QUALITY, PROFILE, REPORT, DQDL, TABULAR]),
    // The one function made of another: it is `quality` with an SQL engine, so that both give the same verdicts.
    ("quality-sql", &[AWS, COMMON, STAGE, QUALITY, QUALITY_SQL, TABULAR, "quality"]),
    ("pseudonymize", &[AWS, CATALOG, COMMON, EVIDENCE, STAGE, PRIVACY, REPORT, TABULAR]),
    ("catalog", &[AWS, CATALOG, COMMON, EVIDENCE, STAGE]),
    ("audit", &[AWS, COMMON, EVIDENCE, STAGE, AUDIT, LOG, TLOG]),
    ("sweep", &[AWS, COMMON, EVIDENCE, STAGE, INTEGRITY, INVENTORY]),
    ("log-function", &[AWS, COMMON, EVIDENCE, STAGE, LOG, TLOG]),
    ("reidentify", &[AWS, COMMON, EVIDENCE, STAGE, PRIVACY]),
    ("release", &[AWS, COMMON, EVIDENCE, STAGE, RELEASE, TABULAR]),
];

const AWS: &str = "sluice-aws";
const CATALOG: &str = "sluice-catalog";
const COMMON: &str = "sluice-common";
const EVIDENCE: &str = "sluice-evidence";
const STAGE: &str = "sluice-stage";
const AUDIT: &str = "sluice-audit";
const INTEGRITY: &str = "sluice-integrity";
const INVENTORY: &str = "sluice-inventory";
const QUALITY: &str = "sluice-quality";
const QUALITY_SQL: &str = "sluice-quality-sql";
const PROFILE: &str = "sluice-profile";
const REPORT: &str = "sluice-report";
const PRIVACY: &str = "sluice-privacy";
const RISK: &str = "sluice-risk";
const RELEASE: &str = "sluice-release";
const DQDL: &str = "sluice-dqdl";
const DETECT: &str = "sluice-detect";
const TABULAR: &str = "sluice-tabular";
const LOG: &str = "sluice-log";
const TLOG: &str = "sluice-tlog";
const TESTKIT: &str = "sluice-testkit";

/// A main connects and hands over; what it would do beyond that belongs into the function's library.
const MAX_MAIN_LINES: usize = 40;

/// Packages of ours that need no row: they test others and nothing depends on them.
fn is_test_package(package: &Package) -> bool {
    package.manifest_path.as_str().contains("/tests/")
}

fn is_function(package: &Package) -> bool {
    package.manifest_path.as_str().contains("/crates/functions/")
}

#[expect(clippy::unwrap_used, reason = "a workspace that cannot be read must fail the test")]
fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path("../../Cargo.toml") // from the package's folder, in which tests run
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

fn dependencies(package: &Package, kinds: &[DependencyKind]) -> BTreeSet<String> {
    let of_kind = package.dependencies.iter().filter(|dependency| kinds.contains(&dependency.kind));
    of_kind.map(|dependency| dependency.name.clone()).collect()
}

const SHIPPED: &[DependencyKind] = &[DependencyKind::Normal, DependencyKind::Build];

#[test]
fn arrows_run_downward_only() {
    let workspace = workspace();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let ours: BTreeSet<String> = workspace.packages.iter().map(|package| package.name.to_string()).collect();
    let mut broken = Vec::new();
    for package in workspace.packages.iter().filter(|package| !is_test_package(package)) {
        let Some(allowed) = arrows.get(package.name.as_str()) else {
            broken.push(format!("{} has no row in ARROWS", package.name));
            continue;
        };
        for dependency in dependencies(package, SHIPPED).intersection(&ours) {
            if !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{} must not depend on {dependency}", package.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_row_is_a_package_and_no_row_points_up() {
    let workspace = workspace();
    for (index, (name, allowed)) in ARROWS.iter().enumerate() {
        assert!(workspace.packages.iter().any(|package| package.name.as_str() == *name), "{name} is no package");
        for dependency in *allowed {
            let below = ARROWS.iter().take(index).any(|(earlier, _)| earlier == dependency);
            assert!(below, "{name}: {dependency} must stand above it in ARROWS");
        }
    }
}

#[test]
fn only_the_aws_crate_knows_the_sdk() {
    let is_sdk = |name: &str| name.starts_with("aws-sdk-") || name.starts_with("aws-smithy-") || name == "aws-config";
    let mut broken = Vec::new();
    for package in workspace().packages.iter().filter(|package| package.name.as_str() != AWS) {
        let all = [DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development];
        for dependency in dependencies(package, &all).iter().filter(|name| is_sdk(name)) {
            broken.push(format!("{} must not depend on {dependency}", package.name));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_runtime_api_is_known_to_functions_and_the_stage_crate_only() {
    let workspace = workspace();
    let users = workspace.packages.iter().filter(|package| dependencies(package, SHIPPED).contains("lambda_runtime"));
    let strangers: Vec<String> = users
        .filter(|package| !is_function(package) && package.name.as_str() != STAGE)
        .map(|package| package.name.to_string())
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn the_testkit_is_never_shipped() {
    for package in workspace().packages.iter().filter(|package| !is_test_package(package)) {
        assert!(!dependencies(package, SHIPPED).contains(TESTKIT), "{}", package.name);
    }
}

#[test]
fn mains_are_thin() {
    let workspace = workspace();
    let functions: Vec<&Package> = workspace.packages.iter().filter(|package| is_function(package)).collect();
    assert!(functions.len() >= 5, "{}", functions.len());
    for package in functions {
        let main = package.manifest_path.with_file_name("src").join("main.rs");
        let lines = std::fs::read_to_string(&main).unwrap().lines().count();
        assert!(lines <= MAX_MAIN_LINES, "{main} has {lines} lines; move what is more than wiring into the library");
    }
}

#[test]
fn every_package_is_under_the_workspace_lints() {
    for package in &workspace().packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package.manifest_path);
    }
}

/// The SQL engine is minutes of build and many megabytes: nothing links it unless it is asked for by name.
#[test]
fn only_its_function_and_optional_features_know_the_sql_engine() {
    let workspace = workspace();
    for package in &workspace.packages {
        let engine = package.dependencies.iter().find(|dependency| dependency.name == QUALITY_SQL);
        let has_it = package.name.as_str() == "quality-sql" || engine.is_none_or(|engine| engine.optional);
        assert!(has_it, "{} depends on {QUALITY_SQL}; make it optional, behind the feature `sql`", package.name);
        let asked_for =
            package.features.get("default").is_some_and(|features| features.iter().any(|name| name == "sql"));
        assert!(!asked_for, "{} has the feature `sql` by default", package.name);
    }
    let defaults: BTreeSet<String> =
        workspace.workspace_default_packages().iter().map(|it| it.name.to_string()).collect();
    let heavy = BTreeSet::from([QUALITY_SQL.to_owned(), "quality-sql".to_owned()]);
    let all: BTreeSet<String> = workspace.packages.iter().map(|package| package.name.to_string()).collect();
    assert_eq!(all.difference(&defaults).cloned().collect::<BTreeSet<_>>(), heavy, "default-members: all but these");
}
