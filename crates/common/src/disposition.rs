//! What becomes of a message whose work failed.

/// The fate of a failed message. Each error type of ours knows its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The world may be better in a minute: give the message back; the queue redelivers it, at last to its DLQ.
    Retry,
    /// The object is at fault and will be for ever: sign a `quarantine` statement that says why, then acknowledge.
    Quarantine,
    /// Evidence contradicts itself, or someone meddles: sign a `finding`, raise the alarm, then acknowledge.
    Alarm,
}

/// An error that knows its [`Disposition`].
pub trait Dispose: std::error::Error {
    /// What becomes of the message.
    fn disposition(&self) -> Disposition;

    /// A stable, low-cardinality name of what went wrong, such as `checksum_mismatch`: the `reason` in statements, the
    /// dimension of metrics, Lambda's `errorType`. It never holds data.
    fn reason(&self) -> &'static str;
}
