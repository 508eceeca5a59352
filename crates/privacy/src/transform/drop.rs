use super::Action;

/// Leaves the column out: it is then never decoded.
pub(super) const fn action() -> Action {
    Action::Drop
}
