use proptest::prelude::*;

use super::*;

const ALL: [ChecksumAlgorithm; 10] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc32c,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha1,
    ChecksumAlgorithm::Sha256,
    ChecksumAlgorithm::Sha512,
    ChecksumAlgorithm::Md5,
    ChecksumAlgorithm::XxHash64,
    ChecksumAlgorithm::XxHash3,
    ChecksumAlgorithm::XxHash128,
];

fn one_shot(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Vec<u8> {
    let mut running = Running::new(algorithm);
    running.update(bytes);
    running.finish()
}

fn shown(algorithm: ChecksumAlgorithm, checksum_type: ChecksumType, value: &[u8]) -> S3Checksum {
    S3Checksum { algorithm, checksum_type, value_base64: BASE64.encode(value) }
}

fn hash(shown: &[S3Checksum], part_sizes: &[u64], chunks: &[&[u8]]) -> Hashed {
    let mut hasher = ObjectHasher::new(shown, part_sizes);
    for chunk in chunks {
        hasher.update(chunk);
    }
    hasher.finish()
}

#[test]
fn check_values_of_the_standards() {
    // CRC catalogue (reveng), "check": CRC of "123456789". FIPS 180-4 and RFC 1321 appendix A.5: digests of "abc".
    // xxHash specification: hashes of no bytes with seed 0.
    let table: [(ChecksumAlgorithm, &str, &str); 10] = [
        (ChecksumAlgorithm::Crc32, "123456789", "cbf43926"),
        (ChecksumAlgorithm::Crc32c, "123456789", "e3069283"),
        (ChecksumAlgorithm::Crc64Nvme, "123456789", "ae8b14860a799888"),
        (ChecksumAlgorithm::Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (ChecksumAlgorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            ChecksumAlgorithm::Sha512,
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (ChecksumAlgorithm::Md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
        (ChecksumAlgorithm::XxHash64, "", "ef46db3751d8e999"),
        (ChecksumAlgorithm::XxHash3, "", "2d06800538d394c2"),
        (ChecksumAlgorithm::XxHash128, "", "99aa06d3014798d86001c324468d497f"),
    ];
    for (algorithm, text, expected) in table {
        assert_eq!(hex::encode(one_shot(algorithm, text.as_bytes())), expected, "{algorithm}");
    }
}

#[test]
fn a_composite_is_the_checksum_of_the_parts_checksums() {
    for algorithm in ALL {
        let whole: Vec<u8> =
            [&b"first part"[..], b"second"].iter().flat_map(|part| one_shot(algorithm, part)).collect();
        let expected = shown(algorithm, ChecksumType::Composite, &one_shot(algorithm, &whole));
        let hashed = hash(std::slice::from_ref(&expected), &[10, 6], &[b"first par", b"tsec", b"ond"]);
        assert_eq!(hashed.verdict(), ChecksumVerdict::Match, "{algorithm}");
        let other_boundary = hash(std::slice::from_ref(&expected), &[9, 7], &[b"first partsecond"]);
        assert_eq!(other_boundary.verdict(), ChecksumVerdict::Mismatch, "{algorithm}");
        for not_its_parts in [&[][..], &[10], &[10, 7], &[10, 6, 1]] {
            let unknown = hash(std::slice::from_ref(&expected), not_its_parts, &[b"first partsecond"]);
            assert_eq!(unknown.verdict(), ChecksumVerdict::NotComparable, "{algorithm} {not_its_parts:?}");
        }
    }
}

#[test]
fn a_single_part_upload_is_still_composite() {
    let part = one_shot(ChecksumAlgorithm::Sha256, b"only");
    let composite =
        shown(ChecksumAlgorithm::Sha256, ChecksumType::Composite, &one_shot(ChecksumAlgorithm::Sha256, &part));
    assert_eq!(hash(&[composite], &[4], &[b"only"]).verdict(), ChecksumVerdict::Match);
}

#[test]
fn no_checksum_is_absent_not_bad() {
    assert_eq!(hash(&[], &[], &[b"x"]).verdict(), ChecksumVerdict::Absent);
}

#[test]
fn one_mismatch_outweighs_a_match() {
    let good = shown(ChecksumAlgorithm::Crc32, ChecksumType::FullObject, &one_shot(ChecksumAlgorithm::Crc32, b"x"));
    let bad = shown(ChecksumAlgorithm::Sha1, ChecksumType::FullObject, &[0; 20]);
    let hashed = hash(&[bad, good], &[], &[b"x"]);
    assert_eq!(hashed.verdict(), ChecksumVerdict::Mismatch);
    assert_eq!(
        hashed.checks.iter().map(|check| check.algorithm).collect::<Vec<_>>(),
        [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Sha1]
    );
}

fn cut(bytes: &[u8], mut at: Vec<usize>) -> Vec<&[u8]> {
    for one in &mut at {
        *one = one.checked_rem(bytes.len()).unwrap_or(0);
    }
    at.sort_unstable();
    let ends = at.iter().copied().chain([bytes.len()]);
    let starts = [0].into_iter().chain(at.iter().copied());
    starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
}

proptest! {
    #[test]
    fn any_chunking_gives_the_one_shot_values(bytes in prop::collection::vec(any::<u8>(), 0..3000),
                                              cuts in prop::collection::vec(any::<usize>(), 0..8),
                                              part_cuts in prop::collection::vec(any::<usize>(), 0..5)) {
        let parts = cut(&bytes, part_cuts);
        let part_sizes: Vec<u64> = parts.iter().map(|part| part.len() as u64).collect();
        let mut all = Vec::new();
        for algorithm in ALL {
            all.push(shown(algorithm, ChecksumType::FullObject, &one_shot(algorithm, &bytes)));
            let values: Vec<u8> = parts.iter().flat_map(|part| one_shot(algorithm, part)).collect();
            all.push(shown(algorithm, ChecksumType::Composite, &one_shot(algorithm, &values)));
        }
        let hashed = hash(&all, &part_sizes, &cut(&bytes, cuts));
        prop_assert_eq!(hashed.sha256, Sha256Digest::of(&bytes));
        prop_assert_eq!(hashed.size_bytes, bytes.len() as u64);
        prop_assert_eq!(hashed.checks.len(), 20);
        prop_assert!(hashed.checks.iter().all(|check| check.verdict == ChecksumVerdict::Match), "{:?}", hashed.checks);
    }

    #[test]
    fn one_flipped_bit_is_a_mismatch_for_every_algorithm(bytes in prop::collection::vec(any::<u8>(), 1..300), at in any::<usize>(), bit in 0u8..8) {
        let all: Vec<_> = ALL.iter().map(|&one| shown(one, ChecksumType::FullObject, &one_shot(one, &bytes))).collect();
        let mut flipped = bytes.clone();
        flipped[at % bytes.len()] ^= 1 << bit;
        let hashed = hash(&all, &[], &[&flipped]);
        prop_assert!(hashed.checks.iter().all(|check| check.verdict == ChecksumVerdict::Mismatch));
    }
}
