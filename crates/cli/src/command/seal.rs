//! `sluice seal`: the hashes that the seal function would sign, and how they compare with S3's.

use std::io::Write;

use anyhow::Context as _;
use serde_json::json;
use sluice_evidence::predicate::ChecksumVerdict;
use sluice_integrity::{Hashed, ObjectHasher};

use crate::args::Seal;
use crate::exit::Answer;
use crate::input::{self, Input, Stored};
use crate::paint::Paint;

pub(super) fn run(args: &Seal) -> anyhow::Result<Answer> {
    let (hashed, stored) = hash(Input::open(&args.file)?).with_context(|| args.file.clone())?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let object = stored.as_ref().map(|stored| stored.version.uri());
        let document = json!({
            "file": args.file,
            "object": object,
            "sizeBytes": hashed.size_bytes,
            "sha256": hashed.sha256,
            "crc64nvmeBase64": hashed.crc64nvme_base64,
            "s3Checksums": hashed.checks,
            "s3ChecksumsVerdict": hashed.verdict(),
        });
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
    } else {
        print(&mut out, &args.file, stored.as_ref(), &hashed)?;
    }
    Ok(answer(&hashed))
}

/// Hashes all bytes, with every algorithm that S3 shows a checksum of.
fn hash(mut input: Input) -> anyhow::Result<(Hashed, Option<Stored>)> {
    let stored = input.stored.take();
    let mut hasher = match &stored {
        Some(stored) => ObjectHasher::new(&stored.checksums, &stored.part_sizes),
        None => ObjectHasher::new(&[], &[]),
    };
    input::for_each_chunk(input, |chunk| hasher.update(chunk))?;
    Ok((hasher.finish(), stored))
}

/// Where S3 holds no checksum there is nothing that could differ.
fn answer(hashed: &Hashed) -> Answer {
    match hashed.verdict() {
        ChecksumVerdict::Match | ChecksumVerdict::Absent => Answer::Pass,
        ChecksumVerdict::Mismatch => Answer::Fail,
        ChecksumVerdict::NotComparable => Answer::Unknown,
    }
}

fn print(out: &mut impl Write, file: &str, stored: Option<&Stored>, hashed: &Hashed) -> std::io::Result<()> {
    let Hashed { sha256, crc64nvme_base64, size_bytes, checks } = hashed;
    writeln!(out, "{file}\nsize       {size_bytes} bytes")?;
    writeln!(out, "sha256     {}\ncrc64nvme  {crc64nvme_base64}", sha256.to_hex())?;
    let Some(stored) = stored else { return Ok(()) };
    writeln!(out, "version    {}", stored.version.version_id.as_str())?;
    if checks.is_empty() {
        writeln!(out, "S3 holds no checksum to compare with")?;
    }
    let paint = Paint::for_stdout();
    for check in checks {
        let word = match check.verdict {
            ChecksumVerdict::Match => paint.green("agrees"),
            ChecksumVerdict::Mismatch => paint.red("DIFFERS"),
            ChecksumVerdict::NotComparable | ChecksumVerdict::Absent => paint.yellow("cannot be compared"),
        };
        writeln!(out, "S3's {:<10} {} {word}", check.algorithm.to_string(), check.value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sluice_common::ObjectVersion;
    use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
    use sluice_testkit::{MemoryS3, names};

    use super::*;

    /// Each algorithm with the types that S3 keeps it as for an upload in parts.
    const KEPT: [(ChecksumAlgorithm, ChecksumType); 7] = [
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32, ChecksumType::Composite),
        (ChecksumAlgorithm::Crc32c, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32c, ChecksumType::Composite),
        (ChecksumAlgorithm::Sha1, ChecksumType::Composite),
        (ChecksumAlgorithm::Sha256, ChecksumType::Composite),
    ];

    fn judge(s3: &MemoryS3, at: &ObjectVersion) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let input = input::open_in(s3, runtime, &at.uri()).unwrap();
        answer(&hash(input).unwrap().0)
    }

    #[test]
    fn each_checksum_that_s3_keeps_is_compared() {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&names::bucket("lake")).unwrap();
        let parts = [Bytes::from_static(b"id,name\n1,a\n"), Bytes::from_static(b"2,b\n")];
        for (algorithm, checksum_type) in KEPT {
            let path = names::path("lake", "orders 1+2%.csv");
            let at = s3.put_parts(&path, &parts, algorithm, Some(checksum_type)).unwrap();
            assert_eq!(judge(&s3, &at), Answer::Pass, "{algorithm} {checksum_type:?}");
            assert!(s3.tamper_byte(&at, 9));
            assert_eq!(judge(&s3, &at), Answer::Fail, "{algorithm} {checksum_type:?}, one bit changed");
        }
    }

    #[test]
    fn without_a_checksum_nothing_differs() {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&names::bucket("lake")).unwrap();
        let at = s3.put(&names::path("lake", "old.csv"), &b"id\n"[..]).unwrap();
        assert!(s3.forget_checksums(&at));
        assert_eq!(judge(&s3, &at), Answer::Pass);
    }
}
