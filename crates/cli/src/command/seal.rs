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
    let mut input = Input::open(&args.file)?;
    let stored = input.stored.take();
    let mut hasher = match &stored {
        Some(stored) => ObjectHasher::new(&stored.checksums, &stored.part_sizes),
        None => ObjectHasher::new(&[], &[]),
    };
    input::for_each_chunk(input, |chunk| hasher.update(chunk)).with_context(|| args.file.clone())?;
    let hashed = hasher.finish();
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
    Ok(Answer::from_bool(hashed.verdict() != ChecksumVerdict::Mismatch))
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
