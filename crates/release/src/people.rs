//! No person counts with more rows than the policy says. It is made so, not believed: a bound that the data can break is none.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use arrow_array::{Array as _, BooleanArray, StringArray};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128_with_seed};

use crate::error::ReleaseError;

/// The most people that are told apart; each takes some 40 bytes.
pub const MAX_PEOPLE: usize = 4_000_000;

type ByHash = HashMap<u128, u32, BuildHasherDefault<Xxh3Default>>;

/// How many rows of each person were let through.
#[derive(Debug)]
pub struct People {
    admitted_rows: ByHash,
    most_rows: u32,
    limit: usize,
    seed: u64,
}

impl People {
    /// Lets through `most_rows` rows of each person, the first ones.
    pub fn new(most_rows: u32) -> Self {
        Self::of_at_most(MAX_PEOPLE, most_rows)
    }

    fn of_at_most(most_people: usize, most_rows: u32) -> Self {
        // Unknown to whoever writes the table, who could otherwise make people collide. Two that do count as one,
        // which costs rows, not privacy.
        let seed = getrandom::u64().unwrap_or_default();
        Self { admitted_rows: ByHash::default(), most_rows, limit: most_people, seed }
    }

    /// Which rows count. A row of nobody does not.
    ///
    /// # Errors
    /// When there are more people than memory.
    pub fn admit(&mut self, people: &StringArray) -> Result<BooleanArray, ReleaseError> {
        let mut admitted = Vec::with_capacity(people.len());
        for person in people {
            admitted.push(match person {
                None => false,
                Some(person) => self.admit_one(person)?,
            });
        }
        Ok(admitted.into())
    }

    fn admit_one(&mut self, person: &str) -> Result<bool, ReleaseError> {
        let hash = xxh3_128_with_seed(person.as_bytes(), self.seed);
        if self.admitted_rows.len() >= self.limit && !self.admitted_rows.contains_key(&hash) {
            return Err(ReleaseError::TooManyPeople { most: self.limit });
        }
        let rows = self.admitted_rows.entry(hash).or_default();
        let is_admitted = *rows < self.most_rows;
        *rows = rows.saturating_add(u32::from(is_admitted));
        Ok(is_admitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rows_of_each_person_count() {
        let mut people = People::new(2);
        let batch = StringArray::from(vec![Some("a"), Some("a"), None, Some("b"), Some("a")]);
        let admitted: Vec<bool> = people.admit(&batch).unwrap().values().iter().collect();
        assert_eq!(admitted, [true, true, false, true, false]);
        // Across blocks, too.
        let admitted: Vec<bool> = people.admit(&batch).unwrap().values().iter().collect();
        assert_eq!(admitted, [false, false, false, true, false]);
    }

    #[test]
    fn more_people_than_memory_is_an_error() {
        let mut people = People::of_at_most(2, 1);
        assert!(people.admit(&StringArray::from(vec!["a", "b", "a"])).is_ok());
        assert!(matches!(people.admit(&StringArray::from(vec!["c"])), Err(ReleaseError::TooManyPeople { most: 2 })));
    }
}
