//! Which keys, at which level of an object, lead to which column.
//!
//! Keys may hold dots, so one dotted path can be reached along several keys: `a.b` is the key `a.b`, or `b` in `a`.
//! Every way is looked for; a row that takes two of them to one path is refused, since neither value may be missed.

use std::collections::HashMap;
use std::sync::Arc;

/// Children beyond this number are found by hash.
const LINEAR_CHILDREN: usize = 8;

/// Where a key leads.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    key: Arc<[u8]>,
    /// The column whose path ends here.
    pub(crate) column: Option<usize>,
    /// The column was asked for: it takes whatever value is here, an object as its text.
    pub(crate) asked: bool,
    /// The node for the members of an object here.
    pub(crate) next: Option<usize>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// The dotted path that leads here, with a dot at its end unless empty.
    prefix: String,
    children: Vec<Child>,
    by_key: HashMap<Arc<[u8]>, usize>,
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
            nodes: vec![Node::default()],
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
        self.nodes.push(Node { prefix: prefix.to_owned(), ..Node::default() });
        self.node_of_prefix.insert(prefix.to_owned(), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn child_of(&mut self, node: usize, key: &[u8]) -> Option<&mut Child> {
        let node = self.nodes.get_mut(node)?;
        let at = node.by_key.get(key).copied().unwrap_or_else(|| {
            let key: Arc<[u8]> = key.into();
            node.by_key.insert(Arc::clone(&key), node.children.len());
            node.children.push(Child { key, column: None, asked: false, next: None });
            node.children.len() - 1
        });
        node.children.get_mut(at)
    }

    /// Where `key` leads. `hint`: the child that usually comes next; it is moved on.
    #[inline]
    pub(crate) fn find(&self, node: usize, key: &[u8], hint: &mut usize) -> Option<&Child> {
        let node = self.nodes.get(node)?;
        if let Some(child) = node.children.get(*hint)
            && *child.key == *key
        {
            *hint += 1;
            return Some(child);
        }
        let at = if node.children.len() <= LINEAR_CHILDREN {
            node.children.iter().position(|child| *child.key == *key)?
        } else {
            *node.by_key.get(key)?
        };
        *hint = at + 1;
        node.children.get(at)
    }

    /// Where `key` leads, when keys that nobody asked for are wanted too. `object`: its value is an object with members.
    pub(crate) fn discover(&mut self, node: usize, key: &str, object: bool) -> Result<Option<Child>, TooMany> {
        if !self.discover {
            return Ok(None);
        }
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
        Ok(self.child_of(node, key.as_bytes()).map(|child| {
            child.column = child.column.or(column);
            child.next = child.next.or(next);
            child.clone()
        }))
    }

    /// Whether `child` says what to do with an object with members (or another value).
    pub(crate) fn is_settled(&self, child: &Child, object: bool) -> bool {
        !self.discover || child.asked || if object { child.next.is_some() } else { child.column.is_some() }
    }
}
