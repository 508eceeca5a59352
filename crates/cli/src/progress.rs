//! A bar for people; nothing for pipes.

use std::io::Read;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A reader that shows how far it is. The bar goes to standard error, and only to a terminal: `indicatif` asks.
pub(crate) fn watched(input: impl Read + Send + 'static, size_bytes: Option<u64>) -> Box<dyn Read + Send> {
    let bar = ProgressBar::with_draw_target(size_bytes, ProgressDrawTarget::stderr());
    let template = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    // The template is a constant; were it wrong, the plain bar would do.
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    Box::new(bar.wrap_read(input))
}
