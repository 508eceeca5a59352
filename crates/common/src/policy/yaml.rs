//! YAML 1.2 as a tree that knows its places. Built from parser events rather than by a general loader, because a policy
//! is hostile until checked: depth is capped before anything nests, duplicate keys are seen, and anchors never expand.

use std::collections::HashSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::problem::PolicyProblems;

/// Nesting that no policy needs; the deepest documented field is at 7.
const MAX_DEPTH: usize = 16;

/// A place in the file, both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Mark {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

impl From<&Marker> for Mark {
    fn from(marker: &Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col().saturating_add(1) }
    }
}

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Mark,
    pub(super) yaml: Yaml,
}

#[derive(Debug)]
pub(super) enum Yaml {
    /// A scalar; `plain` when it stands without quotes, so that `true` and `1` are not text.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Mark,
    pub(super) value: Node,
}

/// A collection under construction.
struct Open {
    at: Mark,
    collection: Collection,
}

enum Collection {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, keys: HashSet<String>, pending: Option<(String, Mark)> },
}

/// Reads the single document of a file. `None` when it could not be read to its end; the reason is among the problems.
pub(super) fn parse(text: &str, problems: &mut PolicyProblems) -> Option<Node> {
    let mut builder = Builder { stack: Vec::new(), root: None, problems };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.take(event, &span)?,
            Err(syntax) => {
                let message = format!("not YAML: {}", syntax.info());
                builder.problems.report("", syntax.marker().into(), message);
                return None;
            }
        }
    }
    let Builder { root, problems, .. } = builder;
    if root.is_none() {
        problems.report("", Mark::START, "the file is empty");
    }
    root
}

struct Builder<'p> {
    stack: Vec<Open>,
    root: Option<Node>,
    problems: &'p mut PolicyProblems,
}

impl Builder<'_> {
    /// `None` when reading on makes no sense.
    fn take(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        let at = Mark::from(&span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_decoration(at, anchor, tag.is_some());
                let plain = style == ScalarStyle::Plain;
                self.scalar(at, text.into_owned(), plain)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_decoration(at, anchor, tag.is_some());
                self.open(at, Collection::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_decoration(at, anchor, tag.is_some());
                let empty = Collection::Mapping { entries: Vec::new(), keys: HashSet::new(), pending: None };
                self.open(at, empty)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(_) => {
                self.problems.report("", at, "aliases are not allowed; write the value out");
                None
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                self.problems.report("", at, "the file holds more than one document");
                None
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Some(())
            }
        }
    }

    fn refuse_decoration(&mut self, at: Mark, anchor: usize, tagged: bool) {
        if anchor != 0 {
            self.problems.report("", at, "anchors are not allowed; write the value out where it is needed");
        }
        if tagged {
            self.problems.report("", at, "tags are not allowed; quote the value to make it text");
        }
    }

    fn scalar(&mut self, at: Mark, text: String, plain: bool) -> Option<()> {
        if let Some(Open { collection: Collection::Mapping { keys, pending: pending @ None, .. }, .. }) =
            self.stack.last_mut()
        {
            if !keys.insert(text.clone()) {
                self.problems.report("", at, format!("the key {:?} stands here a second time", shorten(&text)));
            }
            *pending = Some((text, at));
            return Some(());
        }
        self.place(Node { at, yaml: Yaml::Scalar { text, plain } })
    }

    fn open(&mut self, at: Mark, collection: Collection) -> Option<()> {
        if let Some(Open { collection: Collection::Mapping { pending: None, .. }, .. }) = self.stack.last() {
            self.problems.report("", at, "a key must be a plain name");
            return None;
        }
        if self.stack.len() >= MAX_DEPTH {
            self.problems.report("", at, format!("nested more than {MAX_DEPTH} levels deep"));
            return None;
        }
        self.stack.push(Open { at, collection });
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let Open { at, collection } = self.stack.pop()?;
        let yaml = match collection {
            Collection::Sequence(nodes) => Yaml::Sequence(nodes),
            Collection::Mapping { entries, .. } => Yaml::Mapping(entries),
        };
        self.place(Node { at, yaml })
    }

    fn place(&mut self, node: Node) -> Option<()> {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open { collection: Collection::Sequence(nodes), .. }) => nodes.push(node),
            Some(Open { collection: Collection::Mapping { entries, pending, .. }, .. }) => {
                let (key, at) = pending.take()?;
                entries.push(Entry { key, at, value: node });
            }
        }
        Some(())
    }
}

/// The first characters of a text from the file, for a message.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
