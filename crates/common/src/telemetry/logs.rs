use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::config::Environment;

/// Our crates. Everyone else's stay at `WARN` whatever is asked for: at `DEBUG` the AWS SDK writes requests, and with them
/// object keys.
const OURS: &[&str] = &["sluice", "seal", "quality", "pseudonymize", "sweep", "reidentify", "audit"];

/// Begins to log: one JSON object a line on standard output, with `timestamp`, `level`, `message`, the event's fields and
/// `spans` (function, request id). Honours `AWS_LAMBDA_LOG_LEVEL`; the default is `INFO`.
///
/// A panic is logged by its place only, never by its message, which may quote data. Called once, by mains; a second call
/// changes nothing.
///
/// Source of the variable: "Advanced logging controls", AWS Lambda Developer Guide.
pub fn init(environment: &Environment) {
    let level = level(environment.get("AWS_LAMBDA_LOG_LEVEL"));
    let third_party = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(third_party).with_targets(OURS.iter().map(|&target| (target, level)));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(true);
    if tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let (file, line) = panic.location().map_or(("unknown", 0), |location| (location.file(), location.line()));
    tracing::error!(file, line, "panicked");
}

/// Lambda's names of levels; `FATAL` has no equal here and becomes `ERROR`.
fn level(name: Option<&str>) -> LevelFilter {
    match name.map(str::to_ascii_uppercase).as_deref() {
        Some("TRACE") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("WARN") => LevelFilter::WARN,
        Some("ERROR" | "FATAL") => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_names_of_levels() {
        for (name, expected) in [
            (None, LevelFilter::INFO),
            (Some("debug"), LevelFilter::DEBUG),
            (Some("FATAL"), LevelFilter::ERROR),
            (Some("nonsense"), LevelFilter::INFO),
        ] {
            assert_eq!(level(name), expected, "{name:?}");
        }
    }
}
