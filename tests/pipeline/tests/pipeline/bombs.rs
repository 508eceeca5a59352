//! Small objects that become large ones.

use std::io::Write as _;

use flate2::{Compress, Compression, FlushCompress, Status};

const PIECE_BYTES: usize = 1 << 20;

/// A gzip stream of so many times the same MiB. The deflate blocks of one MiB, flushed so that they stand alone, are
/// repeated: no more than one MiB is ever compressed. The checksum at its end is wrong; nobody should get that far.
pub(crate) fn gzip_bomb(mebibyte: &[u8], times: usize) -> Vec<u8> {
    assert_eq!(mebibyte.len(), PIECE_BYTES);
    let mut compress = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(PIECE_BYTES);
    let status = compress.compress_vec(mebibyte, &mut block, FlushCompress::Full).unwrap();
    assert_eq!((status, compress.total_in()), (Status::Ok, PIECE_BYTES as u64));
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bomb.extend(block.repeat(times));
    // An empty last block, then CRC and length.
    bomb.extend_from_slice(&[0x03, 0x00]);
    bomb.extend_from_slice(&[0; 8]);
    bomb
}

/// A MiB of zeros.
pub(crate) fn zeros() -> Vec<u8> {
    vec![0; PIECE_BYTES]
}

/// A row of one cell that fills a MiB.
pub(crate) fn row() -> Vec<u8> {
    let mut row = vec![b'x'; PIECE_BYTES];
    row[PIECE_BYTES - 1] = b'\n';
    row
}

/// A gzip stream of one long line, whole and right.
pub(crate) fn packed_line(bytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"id,email,name,city\n").unwrap();
    let piece = vec![b'x'; PIECE_BYTES];
    for _piece in 0..bytes / PIECE_BYTES {
        encoder.write_all(&piece).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn a_bomb_inflates_as_announced() {
    use std::io::Read as _;
    let mut head = vec![0; 3 * PIECE_BYTES];
    let bomb = gzip_bomb(&row(), 4);
    assert!(bomb.len() < 4 * 2048, "{}", bomb.len());
    flate2::read::GzDecoder::new(bomb.as_slice()).read_exact(&mut head).unwrap();
    assert_eq!(head, row().repeat(3));
}
