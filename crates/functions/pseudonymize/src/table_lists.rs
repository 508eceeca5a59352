//! The type of a Parquet list in the Glue Data Catalog, from the flat columns that it holds.

use arrow_schema::DataType;
use sluice_catalog::hive_type;

/// The step from a list to its elements.
const ELEMENTS: &str = "[*]";

/// What a list holds, so far as its columns tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    Value(String),
    Members(Vec<(String, Self)>),
    Elements(Box<Self>),
}

impl Held {
    /// What lies below a path that leads on from an outermost list, as `[*].email` does.
    pub(crate) fn below(rest: &str, data_type: &DataType) -> Self {
        if let Some(rest) = rest.strip_prefix(ELEMENTS) {
            return Self::Elements(Box::new(Self::below(rest, data_type)));
        }
        let Some(rest) = rest.strip_prefix('.') else {
            // The column is a list of the values, whatever lists they stand in.
            return Self::Value(match data_type {
                DataType::List(values) => hive_type(values.data_type()),
                other => hive_type(other),
            });
        };
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        Self::Members(vec![(name.to_lowercase(), Self::below(rest, data_type))])
    }

    /// Both: members of the same objects, one after the other.
    pub(crate) fn and(&mut self, other: Self) {
        match (self, other) {
            (Self::Elements(one), Self::Elements(other)) => one.and(*other),
            (Self::Members(members), Self::Members(others)) => {
                for (name, held) in others {
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => known.and(held),
                        None => members.push((name, held)),
                    }
                }
            }
            // A value that is something else, too, is in no file.
            _ => {}
        }
    }

    /// Hive's name of the type.
    pub(crate) fn hive_type(&self) -> String {
        match self {
            Self::Value(name) => name.clone(),
            Self::Members(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, held)| format!("{name}:{}", held.hive_type())).collect();
                format!("struct<{}>", members.join(","))
            }
            Self::Elements(held) => format!("array<{}>", held.hive_type()),
        }
    }
}
