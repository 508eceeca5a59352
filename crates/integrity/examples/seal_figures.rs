//! What hashing a file as the seal does costs in processor time: `time seal_figures FILE [CHUNK_BYTES]`, beside
//! `time openssl dgst -sha256 FILE`. CRC-64/NVME is taken in the same pass.
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::io::Read as _;

use sluice_integrity::ObjectHasher;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_default();
    let chunk_bytes = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(256 * 1024);
    let mut file = std::fs::File::open(path)?;
    let mut hasher = ObjectHasher::new(&[], &[]);
    let mut chunk = vec![0; chunk_bytes];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            length => hasher.update(chunk.get(..length).unwrap_or_default()),
        }
    }
    let hashed = hasher.finish();
    println!("{} {}", hashed.sha256, hashed.crc64nvme_base64);
    Ok(())
}
