use super::Action;

/// Publishes the column as it is. Nothing touches its values: a rewriter leaves even their spelling.
pub(super) const fn action() -> Action {
    Action::Keep
}
