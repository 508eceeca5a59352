//! Writes lines that hold chosen values and nothing else.

use arrow_array::{Array, ArrayRef, BooleanArray};

use crate::error::TabularError;
use crate::json::filter::{Chosen, ListFilter};
use crate::json::lines::{Members, SourceLines};
use crate::json::paths::Paths;
use crate::json::replacement::{NESTING, Replacement};
use crate::json::scan::Cursor;
use crate::json::string::write_string;
use crate::json::walk::Member;
use crate::path::{ELEMENTS, list_steps};

/// Builds each line anew from the values on the chosen paths. What is not replaced keeps its spelling; what was not
/// chosen leaves no trace, not even its key, which may be personal too. Lists keep their length: an element of which
/// nothing was chosen is an empty object if it was one, else null.
#[derive(Debug)]
pub(crate) struct LineSelector {
    /// Path, and the number of its new values; `None`: as it was.
    chosen: Vec<(String, Option<usize>)>,
    root: Vec<Branch>,
    lists: ChosenLists,
}

/// The chosen paths that enter lists.
#[derive(Debug)]
struct ChosenLists {
    /// All of them, each a column.
    paths: Paths,
    /// By column of the paths: which of the chosen paths it is.
    chosen: Vec<usize>,
    /// The paths of the elements of the outermost lists, and their numbers in `paths`.
    outermost: Vec<(String, u32)>,
}

/// A member of the objects that are written.
#[derive(Debug)]
struct Branch {
    name: String,
    /// `"name":`
    key: Vec<u8>,
    node: Node,
}

#[derive(Debug)]
enum Node {
    /// The value of the chosen path of this number.
    Value(usize),
    /// The outermost list of this number.
    List(usize),
    Object(Vec<Branch>),
}

/// What is written of a block.
struct Sources<'a> {
    lines: &'a SourceLines,
    /// By chosen path that enters no list.
    flat: Vec<Option<Flat<'a>>>,
    /// By outermost list: where it is in each row.
    lists: Vec<&'a [Member]>,
    /// By chosen path that does.
    in_lists: Vec<Chosen<'a>>,
}

/// Where the values of a path are.
struct Flat<'a> {
    members: &'a Members,
    new: Option<Replacement<'a>>,
}

impl ChosenLists {
    /// # Errors
    /// [`TabularError::Option`] when one path lies within another, so that it is not plain what is chosen.
    fn new(chosen: &[(String, Option<usize>)]) -> Result<Self, TabularError> {
        let enters = |(number, (path, _)): (usize, &'_ (String, _))| list_steps(path).next().map(|step| (number, step));
        let entering: Vec<(usize, usize)> = chosen.iter().enumerate().filter_map(enters).collect();
        let path = |number: usize| chosen.get(number).map(|(path, _)| path.as_str()).unwrap_or_default();
        let asked: Vec<&str> = entering.iter().map(|(number, _)| path(*number)).collect();
        let paths = Paths::new(&asked, false, asked.len());
        let outermost: Vec<&str> =
            entering.iter().filter_map(|(number, step)| path(*number).get(..step + ELEMENTS.len())).collect();
        let of_lists = outermost.iter().any(|list| {
            let list = list.trim_end_matches(ELEMENTS);
            chosen.iter().any(|(path, _)| path == list || is_below(path, list) || is_below(list, path))
        });
        if of_lists || paths.overlap() {
            return Err(TabularError::Option {
                option: "columns",
                problem: "a path into a list lies within another path; choose one of them",
            });
        }
        let mut lists: Vec<(String, u32)> = Vec::new();
        for path in outermost {
            if let Some(number) = paths.list(path)
                && lists.iter().all(|(known, _)| known != path)
            {
                lists.push((path.to_owned(), number));
            }
        }
        Ok(Self { paths, chosen: entering.into_iter().map(|(number, _)| number).collect(), outermost: lists })
    }
}

impl Branch {
    fn new(name: &str, node: Node) -> Self {
        let mut key = Vec::new();
        write_string(name, &mut key);
        key.push(b':');
        Self { name: name.to_owned(), key, node }
    }
}

impl LineSelector {
    /// `columns`: paths, and whether they get new values.
    ///
    /// # Errors
    /// [`TabularError::Option`] when a path into a list lies within another path.
    pub(crate) fn new<'a>(columns: impl Iterator<Item = (&'a str, bool)>) -> Result<Self, TabularError> {
        let mut next = 0;
        let chosen: Vec<_> = columns
            .map(|(path, replaced)| {
                let values = replaced.then_some(next);
                next += usize::from(replaced);
                (path.to_owned(), values)
            })
            .collect();
        let lists = ChosenLists::new(&chosen)?;
        let mut root = Vec::new();
        let mut placed = vec![false; lists.outermost.len()];
        for (column, (path, _)) in chosen.iter().enumerate() {
            let list = lists.outermost.iter().position(|(list, _)| path.starts_with(list.as_str()));
            match list.filter(|_| list_steps(path).next().is_some()) {
                None => plant(&mut root, path, || Node::Value(column)),
                Some(list) => {
                    let is_placed = placed.get_mut(list).is_none_or(|placed| std::mem::replace(placed, true));
                    if let (false, Some((path, _))) = (is_placed, lists.outermost.get(list)) {
                        plant(&mut root, path.trim_end_matches(ELEMENTS), || Node::List(list));
                    }
                }
            }
        }
        Ok(Self { chosen, root, lists })
    }

    /// Appends the lines that `keep` keeps. `values`: one array for each path with new values.
    pub(crate) fn write(
        &self,
        lines: &SourceLines,
        rows: usize,
        values: &[ArrayRef],
        keep: Option<&BooleanArray>,
        out: &mut Vec<u8>,
    ) -> Result<(), TabularError> {
        let mut sources = self.sources(lines, values)?;
        for row in (0..rows).filter(|row| keep.is_none_or(|keep| keep.is_valid(*row) && keep.value(*row))) {
            sources.in_lists.iter_mut().for_each(|chosen| chosen.met = 0);
            if !self.write_object(&self.root, &mut sources, row, out)? {
                out.extend_from_slice(b"{}");
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn sources<'a>(&self, lines: &'a SourceLines, values: &'a [ArrayRef]) -> Result<Sources<'a>, TabularError> {
        let read = |number: usize| -> Result<Option<Flat<'a>>, TabularError> {
            let Some((path, replaced)) = self.chosen.get(number) else { return Ok(None) };
            let Some(members) = lines.members(path) else { return Ok(None) };
            let new = replaced.map(|values_of| Replacement::new(values.get(values_of), members)).transpose()?;
            Ok(Some(Flat { members, new }))
        };
        let flat = (0..self.chosen.len())
            .map(|number| if self.lists.chosen.contains(&number) { Ok(None) } else { read(number) });
        let in_lists = self
            .lists
            .chosen
            .iter()
            .map(|number| Ok::<_, TabularError>(Chosen { new: read(*number)?.and_then(|flat| flat.new), met: 0 }));
        Ok(Sources {
            lines,
            flat: flat.collect::<Result<_, _>>()?,
            lists: self.lists.outermost.iter().map(|(path, _)| lines.list(path)).collect(),
            in_lists: in_lists.collect::<Result<_, _>>()?,
        })
    }

    /// Appends an object with the members that the row has; false, and nothing appended, when it has none.
    fn write_object(
        &self,
        branches: &[Branch],
        sources: &mut Sources<'_>,
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, TabularError> {
        let start = out.len();
        for Branch { key, node, .. } in branches {
            let before = out.len();
            out.push(if before == start { b'{' } else { b',' });
            out.extend_from_slice(key);
            let written = match node {
                Node::Value(column) => sources.write_value(*column, row, out),
                Node::List(list) => self.write_list(*list, sources, row, out)?,
                Node::Object(inner) => self.write_object(inner, sources, row, out)?,
            };
            if !written {
                out.truncate(before);
            }
        }
        if out.len() > start {
            out.push(b'}');
        }
        Ok(out.len() > start)
    }

    fn write_list(
        &self,
        list: usize,
        sources: &mut Sources<'_>,
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, TabularError> {
        let member = sources.lists.get(list).and_then(|rows| rows.get(row)).filter(|member| **member != Member::ABSENT);
        let (Some(member), Some((_, number))) = (member, self.lists.outermost.get(list)) else { return Ok(false) };
        let cursor =
            Cursor { bytes: sources.lines.bytes(), at: member.value_start as usize, end: member.value_end as usize };
        let chosen = &mut sources.in_lists;
        ListFilter { cursor, paths: &self.lists.paths, chosen, row, out }.write(*number)
    }
}

impl Sources<'_> {
    fn write_value(&self, column: usize, row: usize, out: &mut Vec<u8>) -> bool {
        let Some(source) = self.flat.get(column).and_then(Option::as_ref) else { return false };
        let Some(member) = source.members.of_row(row).first() else { return false };
        if let Some(new) = &source.new {
            new.write(row, 0, out);
        } else {
            let (start, end) = (member.value_start as usize, member.value_end as usize);
            out.extend_from_slice(self.lines.bytes().get(start..end).unwrap_or_default());
        }
        true
    }
}

/// Whether a path lies in the object of another one.
fn is_below(path: &str, object: &str) -> bool {
    path.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}

/// Adds a dotted path. When another path ends where it goes on, it stays one key, dots and all.
fn plant(root: &mut Vec<Branch>, path: &str, node: impl Fn() -> Node) {
    let keys: Vec<&str> = path.split('.').collect();
    if keys.len() > NESTING || !insert(root, &keys, &node) {
        root.push(Branch::new(path, node()));
    }
}

/// Adds a path below `branches`; false when it collides with another.
fn insert(branches: &mut Vec<Branch>, keys: &[&str], node: &impl Fn() -> Node) -> bool {
    let Some((key, rest)) = keys.split_first() else { return false };
    let known = branches.iter_mut().find(|branch| branch.name == *key);
    match (known, rest.is_empty()) {
        (None, true) => branches.push(Branch::new(key, node())),
        (None, false) => {
            let mut inner = Vec::new();
            if !insert(&mut inner, rest, node) {
                return false;
            }
            branches.push(Branch::new(key, Node::Object(inner)));
        }
        (Some(Branch { node: Node::Object(inner), .. }), false) => return insert(inner, rest, node),
        (Some(_), _) => return false,
    }
    true
}
