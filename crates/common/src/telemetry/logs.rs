use std::panic::PanicHookInfo;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::line::JsonLine;
use crate::config::Environment;

/// Our crates. Everyone else's stay at `WARN` whatever is asked for: at `DEBUG` the AWS SDK writes requests, and with them
/// object keys.
const OURS: &[&str] = &["sluice", "seal", "quality", "pseudonymize", "sweep", "reidentify", "audit"];

/// Begins to log: one JSON object a line on standard output, with `timestamp`, `level`, `message` and the fields of the
/// event and its spans, `function` and `request_id` among them. Honours `AWS_LAMBDA_LOG_LEVEL`; the default is `INFO`.
///
/// A panic is logged by its place only, never by its message, which may quote data. Called once, by mains; a second call
/// changes nothing.
///
/// Source of the variable: "Advanced logging controls", AWS Lambda Developer Guide.
pub fn init(environment: &Environment) {
    let level = level(environment.get("AWS_LAMBDA_LOG_LEVEL"));
    if subscriber(level, std::io::stdout).try_init().is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let third_party = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(third_party).with_targets(OURS.iter().map(|&target| (target, level)));
    let lines = fmt::layer().with_ansi(false).fmt_fields(JsonFields::new()).event_format(JsonLine).with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(filter))
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
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    /// Collects what is written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LevelFilter, log: impl FnOnce()) -> Vec<Value> {
        let page = Page::default();
        let writer = page.clone();
        tracing::subscriber::with_default(subscriber(level, move || writer.clone()), log);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_holds_the_event_and_its_spans_side_by_side() {
        let lines = logged(LevelFilter::INFO, || {
            tracing::info_span!("invocation", function = "seal", request_id = "r-1").in_scope(|| {
                tracing::warn!(reason = "throttled", rows = 3_u64, error = %"two\nlines \"quoted\"", "attempt failed");
                tracing::debug!("not shown");
            });
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let mut line = line.clone();
        let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{timestamp}");
        let expected = json!({
            "level": "WARN",
            "message": "attempt failed",
            "target": "sluice_common::telemetry::logs::tests",
            "function": "seal",
            "request_id": "r-1",
            "reason": "throttled",
            "rows": 3,
            "error": "two\nlines \"quoted\""
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn other_peoples_crates_stay_quiet_whatever_is_asked_for() {
        let lines = logged(LevelFilter::TRACE, || {
            tracing::debug!(target: "aws_smithy_runtime::client", "GET /patients/jane-doe.csv");
            tracing::warn!(target: "hyper", "connection reset");
            tracing::trace!(target: "sluice_stage::input", "begins");
            tracing::debug!(target: "seal", "begins");
        });
        let targets: Vec<&str> = lines.iter().map(|line| line["target"].as_str().unwrap()).collect();
        assert_eq!(targets, ["hyper", "sluice_stage::input", "seal"]);
    }

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
