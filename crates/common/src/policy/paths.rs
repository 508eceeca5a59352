//! Paths into nested values that contradict each other: told where the policy is read, not when the first object comes.

use super::model::{FormatKind, FormatSpec, OutputFormat, PrivacySpec, Undeclared};
use super::reader::{Reader, join};
use super::transform::Transform;
use super::yaml::{Mark, Node, Yaml};

/// The step from a list to its elements.
const ELEMENTS: &str = "[*]";

/// Whether a path enters lists: a `[*]` follows a key or another one, and a dot, another one or the end follows it.
fn enters_lists(path: &str) -> bool {
    path.match_indices(ELEMENTS).any(|(at, _)| {
        let before = path.get(..at).unwrap_or_default().trim_end_matches(ELEMENTS);
        let after = path.get(at..).unwrap_or_default().trim_start_matches(ELEMENTS);
        !before.is_empty() && !before.ends_with('.') && (after.is_empty() || after.starts_with('.'))
    })
}

/// Whether a path that enters lists lies in another one, or takes for a list what that one takes for an object: `a[*].b` is
/// entered as `a`, `a[*]` and `a[*].b`, and `a.c` would enter the same `a` as an object.
fn overlaps(other: &str, inner: &str) -> bool {
    let continues = |rest: &str| rest.is_empty() || rest.starts_with('.') || rest.starts_with(ELEMENTS);
    if inner.strip_prefix(other).is_some_and(continues) {
        return true;
    }
    inner.match_indices(ELEMENTS).any(|(step, _)| {
        let list = inner.get(..step).unwrap_or_default();
        other.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// A path that the section names: in which field, and where.
struct Named<'p> {
    column: &'p str,
    field: String,
    at: Mark,
}

/// The `privacy` section while it is looked at.
struct Section<'p> {
    spec: &'p PrivacySpec,
    node: &'p Node,
    path: &'p str,
}

impl<'p> Section<'p> {
    fn field(&self, name: &str) -> Option<&'p Node> {
        field(self.node, name)
    }

    /// The columns that are declared, each where it stands.
    fn columns(&self) -> Vec<Named<'p>> {
        let path = join(self.path, "columns");
        let Some(Yaml::Mapping(entries)) = self.field("columns").map(|node| &node.yaml) else { return Vec::new() };
        entries.iter().map(|entry| Named { column: &entry.key, field: join(&path, &entry.key), at: entry.at }).collect()
    }

    /// What must have one value a row: subjects, quasi-identifiers and sensitive columns.
    fn of_rows(&self) -> Vec<Named<'p>> {
        let mut named = Vec::new();
        if let (Some(subjects), Some(node)) = (&self.spec.subjects, self.field("subjects")) {
            let at = field(node, "column").unwrap_or(node).at;
            let field = join(&join(self.path, "subjects"), "column");
            named.push(Named { column: &subjects.column, field, at });
        }
        for column in self.columns() {
            let subject = self.spec.columns.get(column.column).and_then(Transform::subject);
            if let Some(subject) = subject {
                named.push(Named { column: subject, field: join(&column.field, "per"), at: column.at });
            }
        }
        for name in ["quasi_identifiers", "sensitive"] {
            let Some(Yaml::Sequence(items)) = self.field(name).map(|node| &node.yaml) else { continue };
            for (index, item) in items.iter().enumerate() {
                if let Yaml::Scalar { text, .. } = &item.yaml {
                    let field = format!("{}[{index}]", join(self.path, name));
                    named.push(Named { column: text, field, at: item.at });
                }
            }
        }
        named
    }

    fn is_kept(&self, column: &Named<'_>) -> bool {
        self.spec.columns.get(column.column) == Some(&Transform::Keep)
    }

    /// A column that is changed inside an object that is kept with all it holds, and that object.
    fn published_with_its_object(&self) -> Option<(Named<'p>, Named<'p>)> {
        let (kept, changed): (Vec<_>, Vec<_>) = self.columns().into_iter().partition(|column| self.is_kept(column));
        let holds = |outer: &Named<'_>, inner: &Named<'_>| {
            inner.column.strip_prefix(outer.column).is_some_and(|rest| rest.starts_with('.'))
        };
        changed.into_iter().find_map(|inner| {
            let outer = kept.iter().find(|outer| holds(outer, &inner))?;
            let outer = Named { column: outer.column, field: outer.field.clone(), at: outer.at };
            Some((inner, outer))
        })
    }
}

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.yaml {
        Yaml::Mapping(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value),
        Yaml::Scalar { .. } | Yaml::Sequence(_) => None,
    }
}

impl Reader {
    /// Whether the paths of a `privacy` section can be followed, all of them in one pass, and nothing that is changed is
    /// published with what is kept. The names of CSV are no paths.
    pub(super) fn check_paths(&mut self, format: &FormatSpec, spec: &PrivacySpec, node: &Node, path: &str) -> bool {
        let section = Section { spec, node, path };
        let listed = match format.kind {
            FormatKind::Csv { .. } => 0,
            FormatKind::JsonLines => {
                self.check_objects(&section) + self.check_rows(&section) + self.check_lists(&section, true)
            }
            FormatKind::Parquet => self.check_rows(&section) + self.check_lists(&section, false),
        };
        listed == 0
    }

    fn check_objects(&mut self, section: &Section<'_>) -> usize {
        // Lines are edited in place where what is not declared is kept.
        if section.spec.undeclared == Undeclared::Keep && section.spec.output == OutputFormat::Same {
            return 0;
        }
        let Some((inner, outer)) = section.published_with_its_object() else { return 0 };
        let message = format!(
            "the object `{}` that holds it is kept whole, and it with it; declare that object's fields instead",
            outer.column
        );
        self.report(&inner.field, inner.at, message);
        1
    }

    fn check_rows(&mut self, section: &Section<'_>) -> usize {
        let unfit: Vec<Named<'_>> = section.of_rows().into_iter().filter(|named| enters_lists(named.column)).collect();
        for named in &unfit {
            let message =
                "a path into lists has many values a row, and this must have one; name a column beside the list";
            self.report(&named.field, named.at, message);
        }
        unfit.len()
    }

    fn check_lists(&mut self, section: &Section<'_>, is_lines: bool) -> usize {
        let columns = section.columns();
        let others: Vec<&str> = columns
            .iter()
            .map(|named| named.column)
            .chain(section.of_rows().iter().map(|named| named.column))
            .collect();
        let mut listed = 0;
        for inner in columns.iter().filter(|named| enters_lists(named.column)) {
            if section.spec.output == OutputFormat::Parquet && is_lines {
                let message = "what lists hold can be published as JSON Lines only; name the list itself, or leave \
                               `output: parquet` out";
                self.report(&inner.field, inner.at, message);
                listed += 1;
            }
            let outer = others.iter().find(|outer| **outer != inner.column && overlaps(outer, inner.column));
            if let Some(outer) = outer {
                let message = format!(
                    "`{outer}` holds it or a part of it; declare the list as a whole or what its elements hold, not both, \
                     and name both by the same `[*]`"
                );
                self.report(&inner.field, inner.at, message);
                listed += 1;
            }
        }
        listed
    }
}
