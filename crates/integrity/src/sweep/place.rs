use sluice_common::port::ListCursor;

/// Where a walk stands: the last key all of whose versions were looked at, so that a later walk never begins in the
/// middle of a key, where the delete marker over a version would be out of sight.
#[derive(Default)]
pub(super) struct Place {
    done: Option<String>,
    current: Option<String>,
}

impl Place {
    /// Notes that a version of a key comes next.
    pub(super) fn enter(&mut self, key: &str) {
        if self.current.as_deref() != Some(key) {
            self.done = self.current.replace(key.to_owned());
        }
    }

    /// Whether there is a place to go on from.
    pub(super) const fn is_known(&self) -> bool {
        self.done.is_some()
    }

    /// Where to go on.
    pub(super) fn cursor(self) -> Option<ListCursor> {
        self.done.map(|key_marker| ListCursor { key_marker, version_id_marker: None })
    }
}
