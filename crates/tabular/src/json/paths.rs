//! Which keys, at which level of an object, lead to which column.
//!
//! Keys may hold dots, so one dotted path can be reached along several keys: `a.b` is the key `a.b`, or `b` in `a`.
//! Every way is looked for; a row that takes two of them to one path is refused, since neither value may be missed.
//!
//! A path may step into lists (`items[*].email`): their elements have a place of their own in the tree, which leads on as a
//! key does.
//!
//! The keys of one row mostly come in the order of the row before. So each key remembers which ones came after it, and a
//! key that is where it was is known by comparing its bytes, without being parsed or looked up.

use std::collections::HashMap;
use std::sync::Arc;

use crate::path::{ELEMENTS, list_steps};

/// Keys of one level that are remembered, asked for or not.
const KNOWN_KEYS: usize = 256;
/// Longest key that is remembered, in bytes.
const KNOWN_KEY_BYTES: usize = 128;
/// The key before the first one of an object.
pub(crate) const NO_KEY: usize = 0;

/// Where a key, or the elements of a list, lead.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Child {
    /// The column whose path ends here.
    pub(crate) column: Option<usize>,
    /// The node for the members of an object here.
    pub(crate) next: Option<usize>,
    /// The number of the list here.
    pub(crate) list: Option<u32>,
    /// The column was asked for: it takes whatever value is here, an object as its text.
    pub(crate) asked: bool,
    /// The list was asked for: a value that is none is taken for a list of itself alone.
    pub(crate) lax: bool,
}

/// What a value holds, as far as it matters where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Nothing that has a path of its own.
    Value,
    /// Members of an object.
    Members,
    /// Elements of a list, when lists that nobody asked for are opened.
    Elements,
}

/// A list on the way.
#[derive(Debug, Clone)]
struct ListPath {
    /// The path of its elements.
    path: String,
    element: Child,
    /// Among the lists that were asked for and stand in no other one: its number.
    outermost: Option<usize>,
    met: Met,
}

/// How rows had a list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Met {
    /// Some row had it with elements.
    elements: bool,
    /// Some row had it without any.
    empty: bool,
}

impl Met {
    /// What either says.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self { elements: self.elements | other.elements, empty: self.empty | other.empty }
    }
}

#[derive(Debug, Clone)]
struct Node {
    /// The dotted path that leads here, with a dot at its end unless empty.
    prefix: String,
    children: Vec<Child>,
    by_key: HashMap<Arc<[u8]>, usize>,
    /// Keys that rows had here; the first one stands for none.
    known: Vec<KnownKey>,
    known_of: HashMap<Arc<[u8]>, usize>,
}

/// A key that some row had.
#[derive(Debug, Clone)]
struct KnownKey {
    /// As it stands in a row, with its quotes. Without escapes it has no other spelling that is looked for.
    quoted: Vec<u8>,
    child: Option<usize>,
    /// The known keys that came after it, the last one first.
    followers: [usize; 2],
}

impl Node {
    fn new(prefix: String) -> Self {
        let none = KnownKey { quoted: Vec::new(), child: None, followers: [NO_KEY; 2] };
        Self { prefix, children: Vec::new(), by_key: HashMap::new(), known: vec![none], known_of: HashMap::new() }
    }
}

/// A tree of keys.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    nodes: Vec<Node>,
    node_of_prefix: HashMap<String, usize>,
    lists: Vec<ListPath>,
    list_of_path: HashMap<String, u32>,
    outermost_lists: usize,
    names: Vec<String>,
    /// Whether the column of this number has a value for each element of a list.
    is_in_list: Vec<bool>,
    column_of_name: HashMap<String, usize>,
    /// Lists that nobody asked for are opened.
    open_lists: bool,
    /// Keys that nobody asked for become columns.
    discover: bool,
    most: usize,
}

/// Why a key gets no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There would be more columns than allowed.
    TooMany,
    /// It reads like a path into a list.
    LikePath,
}

impl Paths {
    /// A tree with these paths. `most`: columns it may grow to.
    pub(crate) fn new(asked: &[&str], discover: bool, most: usize) -> Self {
        let mut paths = Self {
            nodes: vec![Node::new(String::new())],
            node_of_prefix: HashMap::from([(String::new(), 0)]),
            lists: Vec::new(),
            list_of_path: HashMap::new(),
            outermost_lists: 0,
            names: Vec::new(),
            is_in_list: Vec::new(),
            column_of_name: HashMap::new(),
            open_lists: false,
            discover,
            most,
        };
        for path in asked {
            paths.ask(path);
        }
        paths
    }

    /// The same, which finds columns inside lists too.
    pub(crate) fn opening_lists(mut self, open: bool) -> Self {
        self.open_lists = open;
        self
    }

    /// The columns, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.column_of_name.get(name).copied()
    }

    /// Whether a column has a value for each element of a list.
    pub(crate) fn is_in_list(&self, column: usize) -> bool {
        self.is_in_list.get(column).copied().unwrap_or_default()
    }

    fn ask(&mut self, path: &str) {
        let steps: Vec<usize> = list_steps(path).collect();
        let column = self.column_named(path, !steps.is_empty());
        // Each dot either is part of a key or separates two. A node is the text before it, so there is one a dot.
        let starts = std::iter::once(0).chain(path.match_indices('.').map(|(dot, _)| dot + 1));
        for start in starts {
            // The keys that may begin here end before the next list at the latest.
            let list = steps.iter().copied().find(|step| *step > start);
            let prefix = path.get(..start).unwrap_or(path);
            let rest = path.get(start..list.unwrap_or(path.len())).unwrap_or_default();
            let node = self.node_with(prefix);
            for (dot, _) in rest.match_indices('.') {
                let key = rest.get(..dot).unwrap_or_default();
                let next = self.node_with(path.get(..=start + dot).unwrap_or_default());
                if let Some(child) = self.child_of(node, key.as_bytes()) {
                    child.next = Some(next);
                }
            }
            let elements = list.map(|step| self.list_with(path.get(..step + ELEMENTS.len()).unwrap_or(path)));
            if let Some(child) = self.child_of(node, rest.as_bytes()) {
                if let Some(list) = elements {
                    (child.list, child.lax) = (Some(list), true);
                } else {
                    (child.column, child.asked) = (Some(column), true);
                }
            }
        }
        for step in &steps {
            self.ask_elements(path, step + ELEMENTS.len(), column);
        }
    }

    /// Leads on from the elements of the list whose path ends at `end` of `path`.
    fn ask_elements(&mut self, path: &str, end: usize, column: usize) {
        let (elements, rest) = path.split_at_checked(end).unwrap_or((path, ""));
        let list = self.list_with(elements);
        let mut child = self.element(list);
        if rest.is_empty() {
            (child.column, child.asked) = (Some(column), true);
        } else if rest.starts_with(ELEMENTS) {
            let inner = self.list_with(path.get(..end + ELEMENTS.len()).unwrap_or(path));
            (child.list, child.lax) = (Some(inner), true);
        } else {
            child.next = Some(self.node_with(path.get(..=end).unwrap_or(path)));
        }
        let is_outermost = list_steps(elements).count() == 1;
        if let Some(list) = self.lists.get_mut(list as usize) {
            list.element = child;
            if is_outermost && list.outermost.is_none() {
                list.outermost = Some(self.outermost_lists);
                self.outermost_lists += 1;
            }
        }
    }

    fn list_with(&mut self, path: &str) -> u32 {
        if let Some(list) = self.list_of_path.get(path) {
            return *list;
        }
        // Their number is kept within the cap of columns.
        let number = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.list_of_path.insert(path.to_owned(), number);
        self.lists.push(ListPath {
            path: path.to_owned(),
            element: Child::default(),
            outermost: None,
            met: Met::default(),
        });
        number
    }

    /// Where the elements of a list lead.
    pub(crate) fn element(&self, list: u32) -> Child {
        self.lists.get(list as usize).map(|list| list.element).unwrap_or_default()
    }

    /// The list whose elements have this path.
    pub(crate) fn list(&self, path: &str) -> Option<u32> {
        self.list_of_path.get(path).copied()
    }

    /// The number of a list among the outermost ones that were asked for.
    pub(crate) fn outermost(&self, list: u32) -> Option<usize> {
        self.lists.get(list as usize)?.outermost
    }

    /// The outermost lists by the paths of their elements, each with what is known of it by its number.
    pub(crate) fn outermost_lists<T: Default>(&self, known: Vec<T>) -> Vec<(String, T)> {
        let mut known: Vec<Option<T>> = known.into_iter().map(Some).collect();
        let outermost = self.lists.iter().filter_map(|list| {
            let found = known.get_mut(list.outermost?).and_then(Option::take);
            Some((list.path.clone(), found.unwrap_or_default()))
        });
        outermost.collect()
    }

    /// Whether some path that was asked for lies within another one.
    pub(crate) fn overlap(&self) -> bool {
        let ways = |child: &Child| {
            usize::from(child.asked) + usize::from(child.next.is_some()) + usize::from(child.list.is_some())
        };
        let elements = self.lists.iter().map(|list| &list.element);
        self.nodes.iter().flat_map(|node| &node.children).chain(elements).any(|child| ways(child) > 1)
    }

    /// Remembers that a row had a list, and whether anything was in it.
    pub(crate) fn meet(&mut self, list: u32, has_elements: bool) {
        if let Some(list) = self.lists.get_mut(list as usize) {
            list.met = list.met.and(Met { elements: has_elements, empty: !has_elements });
        }
    }

    /// By list: how rows had it.
    pub(crate) fn met_lists(&self) -> impl Iterator<Item = Met> {
        self.lists.iter().map(|list| list.met)
    }

    /// Whether a column can have no value because some list that it lies in was empty, in all rows that had it. `met`: by
    /// list, how rows had it.
    pub(crate) fn only_empty_lists(&self, column: usize, met: &[Met]) -> bool {
        let name = self.names.get(column).map(String::as_str).unwrap_or_default();
        list_steps(name).any(|step| {
            let list = name.get(..step + ELEMENTS.len()).and_then(|path| self.list(path));
            let met = list.and_then(|list| met.get(list as usize));
            met.is_some_and(|met| met.empty && !met.elements)
        })
    }

    fn column_named(&mut self, name: &str, is_in_list: bool) -> usize {
        if let Some(column) = self.column_of_name.get(name) {
            return *column;
        }
        self.names.push(name.to_owned());
        self.is_in_list.push(is_in_list);
        self.column_of_name.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }

    fn node_with(&mut self, prefix: &str) -> usize {
        if let Some(node) = self.node_of_prefix.get(prefix) {
            return *node;
        }
        self.nodes.push(Node::new(prefix.to_owned()));
        self.node_of_prefix.insert(prefix.to_owned(), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn child_of(&mut self, node: usize, key: &[u8]) -> Option<&mut Child> {
        let node = self.nodes.get_mut(node)?;
        let at = node.by_key.get(key).copied().unwrap_or_else(|| {
            let key: Arc<[u8]> = key.into();
            node.by_key.insert(key, node.children.len());
            node.children.push(Child::default());
            node.children.len() - 1
        });
        node.children.get_mut(at)
    }

    /// The known key that follows `before` in `node` and stands at the beginning of `bytes`, and its length there.
    #[inline]
    pub(crate) fn expected(&self, node: usize, before: usize, bytes: &[u8]) -> Option<(usize, usize)> {
        let known = &self.nodes.get(node)?.known;
        let followers = known.get(before)?.followers;
        followers.into_iter().find_map(|follower| {
            let quoted = &known.get(follower)?.quoted;
            (follower != NO_KEY && bytes.starts_with(quoted)).then_some((follower, quoted.len()))
        })
    }

    /// Remembers that `key`, as it is between its quotes and without escapes, came after `before`. Gives its number, or
    /// `before` when it is not remembered.
    pub(crate) fn remember(&mut self, node: usize, before: usize, key: &[u8]) -> usize {
        let Some(node) = self.nodes.get_mut(node) else { return before };
        let number = match node.known_of.get(key) {
            Some(number) => *number,
            None if node.known.len() > KNOWN_KEYS || key.len() > KNOWN_KEY_BYTES => return before,
            None => {
                let quoted = [b"\"", key, b"\""].concat();
                let child = node.by_key.get(key).copied();
                node.known.push(KnownKey { quoted, child, followers: [NO_KEY; 2] });
                node.known_of.insert(key.into(), node.known.len() - 1);
                node.known.len() - 1
            }
        };
        if let Some(before) = node.known.get_mut(before)
            && before.followers.first() != Some(&number)
        {
            let [last, _] = before.followers;
            before.followers = [number, last];
        }
        number
    }

    /// Where a known key leads.
    #[inline]
    pub(crate) fn known(&self, node: usize, number: usize) -> Option<&Child> {
        let node = self.nodes.get(node)?;
        node.children.get(node.known.get(number)?.child?)
    }

    /// Where `key` leads.
    pub(crate) fn find(&self, node: usize, key: &[u8]) -> Option<&Child> {
        let node = self.nodes.get(node)?;
        node.children.get(*node.by_key.get(key)?)
    }

    /// Where `key` leads, when keys that nobody asked for are wanted too. `holds`: what its value holds.
    pub(crate) fn discover(&mut self, node: usize, key: &str, holds: Holds) -> Result<Option<Child>, Refused> {
        if (self.open_lists || !self.lists.is_empty()) && list_steps(key).next().is_some() {
            return Err(Refused::LikePath);
        }
        let prefix = self.nodes.get(node).map_or("", |node| node.prefix.as_str());
        let is_in_list = list_steps(prefix).next().is_some();
        let found = self.lead_on(&format!("{prefix}{key}"), holds, is_in_list)?;
        let found = self.child_of(node, key.as_bytes()).map(|child| {
            child.learn(&found);
            *child
        });
        if let Some(node) = self.nodes.get_mut(node)
            && let Some(known) = node.known_of.get(key.as_bytes()).and_then(|number| node.known.get_mut(*number))
        {
            known.child = node.by_key.get(key.as_bytes()).copied();
        }
        Ok(found)
    }

    /// Where the elements of a list lead, when more is wanted than was asked for.
    pub(crate) fn discover_element(&mut self, list: u32, holds: Holds) -> Result<Child, Refused> {
        let path = self.lists.get(list as usize).map(|list| list.path.clone()).unwrap_or_default();
        let found = self.lead_on(&path, holds, true)?;
        let Some(list) = self.lists.get_mut(list as usize) else { return Ok(found) };
        list.element.learn(&found);
        Ok(list.element)
    }

    fn lead_on(&mut self, path: &str, holds: Holds, is_in_list: bool) -> Result<Child, Refused> {
        let mut found = Child::default();
        match holds {
            Holds::Value => found.column = Some(self.column_named(path, is_in_list)),
            Holds::Members => found.next = Some(self.node_with(&format!("{path}."))),
            Holds::Elements => found.list = Some(self.list_with(&format!("{path}{ELEMENTS}"))),
        }
        // Nodes are counted with the columns: objects within objects without end are no way around the cap.
        if self.names.len() > self.most || self.nodes.len() + self.lists.len() > self.most.saturating_mul(2) {
            return Err(Refused::TooMany);
        }
        Ok(found)
    }

    /// Whether keys that nobody asked for are wanted too.
    #[inline]
    pub(crate) fn discovers(&self) -> bool {
        self.discover
    }

    /// Whether lists that nobody asked for are opened.
    #[inline]
    pub(crate) fn opens_lists(&self) -> bool {
        self.open_lists
    }

    /// Whether `child` says what to do with a value.
    #[inline]
    pub(crate) fn is_settled(&self, child: &Child, holds: Holds) -> bool {
        let is_known = match holds {
            Holds::Value => child.column.is_some(),
            Holds::Members => child.next.is_some(),
            Holds::Elements => child.list.is_some(),
        };
        !self.discover || child.asked || child.lax || is_known
    }
}

impl Child {
    /// Takes over what was not known.
    fn learn(&mut self, found: &Self) {
        self.column = self.column.or(found.column);
        self.next = self.next.or(found.next);
        self.list = self.list.or(found.list);
    }
}
