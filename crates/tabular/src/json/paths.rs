//! Which keys, at which level of an object, lead to which column.
//!
//! Keys may hold dots, so one dotted path can be reached along several keys: `a.b` is the key `a.b`, or `b` in `a`.
//! Every way is looked for; a row that takes two of them to one path is refused, since neither value may be missed.
//!
//! The keys of one row mostly come in the order of the row before. So each key remembers which ones came after it, and a
//! key that is where it was is known by comparing its bytes, without being parsed or looked up.

use std::collections::HashMap;
use std::sync::Arc;

/// Keys of one level that are remembered, asked for or not.
const KNOWN_KEYS: usize = 256;
/// Longest key that is remembered, in bytes.
const KNOWN_KEY_BYTES: usize = 128;
/// The key before the first one of an object.
pub(crate) const NO_KEY: usize = 0;

/// Where a key leads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child {
    /// The column whose path ends here.
    pub(crate) column: Option<usize>,
    /// The column was asked for: it takes whatever value is here, an object as its text.
    pub(crate) asked: bool,
    /// The node for the members of an object here.
    pub(crate) next: Option<usize>,
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
    names: Vec<String>,
    column_of_name: HashMap<String, usize>,
    /// Keys that nobody asked for become columns.
    discover: bool,
    most: usize,
}

/// More columns than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Paths {
    /// A tree with these paths. `most`: columns it may grow to.
    pub(crate) fn new(asked: &[&str], discover: bool, most: usize) -> Self {
        let mut paths = Self {
            nodes: vec![Node::new(String::new())],
            node_of_prefix: HashMap::from([(String::new(), 0)]),
            names: Vec::new(),
            column_of_name: HashMap::new(),
            discover,
            most,
        };
        for path in asked {
            paths.ask(path);
        }
        paths
    }

    /// The columns, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.column_of_name.get(name).copied()
    }

    fn ask(&mut self, path: &str) {
        let column = self.column_named(path);
        // Each dot either is part of a key or separates two. A node is the text before it, so there is one a dot.
        let starts = std::iter::once(0).chain(path.match_indices('.').map(|(dot, _)| dot + 1));
        for start in starts {
            let (prefix, rest) = path.split_at_checked(start).unwrap_or((path, ""));
            let node = self.node_with(prefix);
            for (dot, _) in rest.match_indices('.') {
                let key = rest.get(..dot).unwrap_or_default();
                let next = self.node_with(path.get(..=start + dot).unwrap_or_default());
                if let Some(child) = self.child_of(node, key.as_bytes()) {
                    child.next = Some(next);
                }
            }
            if let Some(child) = self.child_of(node, rest.as_bytes()) {
                child.column = Some(column);
                child.asked = true;
            }
        }
    }

    fn column_named(&mut self, name: &str) -> usize {
        if let Some(column) = self.column_of_name.get(name) {
            return *column;
        }
        self.names.push(name.to_owned());
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
            node.children.push(Child { column: None, asked: false, next: None });
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

    /// Where `key` leads, when keys that nobody asked for are wanted too. `object`: its value is an object with members.
    pub(crate) fn discover(&mut self, node: usize, key: &str, object: bool) -> Result<Option<Child>, TooMany> {
        let prefix = self.nodes.get(node).map_or("", |node| node.prefix.as_str());
        let path = format!("{prefix}{key}");
        let (column, next) = if object {
            (None, Some(self.node_with(&format!("{path}."))))
        } else {
            (Some(self.column_named(&path)), None)
        };
        // Nodes are counted with the columns: objects within objects without end are no way around the cap.
        if self.names.len() > self.most || self.nodes.len() > self.most.saturating_mul(2) {
            return Err(TooMany);
        }
        let found = self.child_of(node, key.as_bytes()).map(|child| {
            child.column = child.column.or(column);
            child.next = child.next.or(next);
            *child
        });
        if let Some(node) = self.nodes.get_mut(node)
            && let Some(known) = node.known_of.get(key.as_bytes()).and_then(|number| node.known.get_mut(*number))
        {
            known.child = node.by_key.get(key.as_bytes()).copied();
        }
        Ok(found)
    }

    /// Whether keys that nobody asked for are wanted too.
    #[inline]
    pub(crate) fn discovers(&self) -> bool {
        self.discover
    }

    /// Whether `child` says what to do with an object with members (or another value).
    #[inline]
    pub(crate) fn is_settled(&self, child: &Child, object: bool) -> bool {
        !self.discover || child.asked || if object { child.next.is_some() } else { child.column.is_some() }
    }
}
