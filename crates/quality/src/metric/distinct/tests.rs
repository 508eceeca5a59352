use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn keys(values: &[u128]) -> Keys {
    Keys { values: values.to_vec(), some_value: None, every_value: None }
}

fn expected(values: &[u128]) -> (u64, u64) {
    let mut counts: HashMap<u128, u64> = HashMap::new();
    for value in values {
        *counts.entry(*value).or_default() += 1;
    }
    (count(counts.len()), count(counts.values().filter(|times| **times == 1).count()))
}

#[test]
fn many_keys_are_counted_exactly_through_the_partitions() {
    let values: Vec<u128> =
        (0..200_000u128).map(|value| if value % 10 == 0 { value / 20 } else { value << 64 }).collect();
    let mut counter = KeyCounter::new();
    for block in values.chunks(1000) {
        counter.update(&keys(block), None, 0);
    }
    let summary = counter.summary(1 << 20).unwrap();
    assert_eq!((summary.distinct, summary.once), expected(&values));
    let stored = serde_json::to_string(&counter).unwrap();
    let read: KeyCounter = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.summary(1 << 20).unwrap().by_frequency, summary.by_frequency);
}

#[test]
fn keys_that_count_up_take_no_memory() {
    let mut counter = KeyCounter::new();
    let texts: Vec<u128> =
        (0..1_000_000).map(|id: u32| arrow_array::builder::make_view(id.to_string().as_bytes(), 0, 0)).collect();
    for block in texts.chunks(5_000) {
        counter.update(&keys(block), None, 0);
    }
    assert!(counter.held_bytes() < 1 << 20, "{}", counter.held_bytes());
    let summary = counter.summary(1 << 20).unwrap();
    assert_eq!((summary.distinct, summary.once), (1_000_000, 1_000_000));
    counter.update(&keys(&texts[500_000..500_003]), None, 0);
    let summary = counter.summary(1 << 20).unwrap();
    assert_eq!((summary.distinct, summary.once), (1_000_000, 999_997));
    let mut counted = Vec::new();
    counter.for_each_count(1 << 20, |key, times| counted.push((key, times))).unwrap();
    counted.sort_unstable();
    let mut wanted: Vec<_> =
        texts.iter().map(|key| (*key, 1 + u64::from(texts[500_000..500_003].contains(key)))).collect();
    wanted.sort_unstable();
    assert!(counted == wanted);
}

#[test]
fn two_million_keys_are_counted_exactly_in_one_mebibyte() {
    const BUDGET_BYTES: usize = 1 << 20;
    let mut counter = KeyCounter::new();
    for block in 0..2_000u128 {
        let values: Vec<u128> =
            (block * 1000..block * 1000 + 1000).map(|key| if key < 500 { key + 500 } else { key << 50 }).collect();
        counter.update(&keys(&values), None, 0);
        if counter.held_bytes() > BUDGET_BYTES / 2 {
            counter.spill().unwrap();
        }
    }
    counter.update(&keys(&[600, 600, 1999 << 50]), None, 0);
    assert!(counter.spill.is_some());
    let summary = counter.summary(BUDGET_BYTES / 2).unwrap();
    assert_eq!((summary.rows, summary.distinct, summary.once), (2_000_003, 2_000_000, 1_999_998));
    assert_eq!(summary.by_frequency, BTreeMap::from([(1, 1_999_998), (2, 1), (3, 1)]));
    assert!(serde_json::to_string(&counter).unwrap_err().to_string().contains("key_memory_bytes"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn spilled_and_merged_parts_count_as_the_whole(
        values in prop::collection::vec(0u128..30_000, 0..40_000), cut in 0usize..40_000, memory in 1usize..150_000
    ) {
        let (left, right) = values.split_at(cut.min(values.len()));
        let part = |values: &[u128]| {
            let mut counter = KeyCounter::new();
            for block in values.chunks(3997) {
                counter.update(&keys(block), None, 0);
                if counter.held_bytes() > memory {
                    counter.spill().unwrap();
                }
            }
            counter
        };
        let mut merged = part(left);
        merged.merge(part(right), memory).unwrap();
        let summary = merged.summary(memory).unwrap();
        prop_assert_eq!((summary.distinct, summary.once), expected(&values));
        prop_assert_eq!(summary.rows, count(values.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Stretches that count up, of numbers or of their texts, which overlap here and there.
    #[test]
    fn runs_count_as_their_keys(
        stretches in prop::collection::vec((0u64..60_000, 1u64..20_000), 1..8), of_text: bool, cut in 0usize..60_000
    ) {
        let key = |number: u64| {
            if of_text { arrow_array::builder::make_view(number.to_string().as_bytes(), 0, 0) } else { number.into() }
        };
        let values: Vec<u128> = stretches.iter().flat_map(|(first, length)| *first..first + length).map(key).collect();
        let (left, right) = values.split_at(cut.min(values.len()));
        let part = |values: &[u128]| {
            let mut counter = KeyCounter::new();
            values.chunks(3997).for_each(|block| counter.update(&keys(block), None, 0));
            counter
        };
        let mut merged = part(left);
        merged.merge(part(right), 1 << 20).unwrap();
        for counter in [part(&values), merged] {
            let summary = counter.summary(1 << 20).unwrap();
            prop_assert_eq!((summary.distinct, summary.once), expected(&values));
            let mut rows = 0;
            counter.for_each_count(1 << 20, |_, times| rows += times).unwrap();
            prop_assert_eq!(rows, count(values.len()));
        }
    }
}

proptest! {
    #[test]
    fn merged_parts_count_as_the_whole(values in prop::collection::vec(0u128..50, 0..300), cut in 0usize..300) {
        let (left, right) = values.split_at(cut.min(values.len()));
        let mut merged = KeyCounter::new();
        merged.update(&keys(left), None, 0);
        let mut other = KeyCounter::new();
        other.update(&keys(right), None, 0);
        merged.merge(other, 1 << 20).unwrap();
        let summary = merged.summary(1 << 20).unwrap();
        prop_assert_eq!((summary.distinct, summary.once), expected(&values));
        prop_assert_eq!(summary.rows, count(values.len()));
    }
}

#[test]
fn entropy_is_in_nats() {
    let mut counter = KeyCounter::new();
    counter.update(&keys(&[1, 1, 1, 2]), None, 0);
    assert!((counter.summary(1 << 20).unwrap().entropy() - 0.562_335_144_618_808_3).abs() < 1e-15);
    assert_eq!(counter.summary(1 << 20).unwrap().first_repeated, [1, 2]);
}

#[test]
fn a_counter_of_more_keys_than_a_state_may_name_is_not_stored() {
    let mut counter = KeyCounter::new();
    for block in 0..1_900u128 {
        counter.update(&keys(&(block * 5_000..block * 5_000 + 5_000).collect::<Vec<_>>()), None, 0);
    }
    assert!(counter.spill.is_none() && counter.held_bytes() < 8 << 20, "{}", counter.held_bytes());
    assert!(counter.is_too_large_to_store());
    assert!(serde_json::to_string(&counter).unwrap_err().to_string().contains("cannot be stored"));
}

#[test]
fn runs_that_meet_in_a_merge_are_spilled() {
    const BUDGET_BYTES: usize = 1 << 20;
    let part = || {
        let mut counter = KeyCounter::new();
        for block in 0..100u128 {
            counter.update(&keys(&(block * 5_000..block * 5_000 + 5_000).collect::<Vec<_>>()), None, 0);
        }
        counter
    };
    let mut merged = part();
    merged.merge(part(), BUDGET_BYTES).unwrap();
    assert!(merged.spill.is_some() && merged.held_bytes() <= BUDGET_BYTES);
    let summary = merged.summary(BUDGET_BYTES).unwrap();
    assert_eq!((summary.distinct, summary.once), (500_000, 0));
}
