//! Laws of trees, proofs, tiles and offline proofs.

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use sluice_tlog::{
    Checkpoint, Edge, Note, OfflineProof, Tile, Tree, VerifierKey, decode_bundle, encode_bundle, leaf_hash,
    verify_consistency, verify_inclusion,
};

fn tree(size: u32) -> (Tree, Edge) {
    let (mut tree, mut edge) = (Tree::default(), Edge::default());
    for number in 0..size {
        tree.push(leaf_hash(&number.to_be_bytes()));
        edge.push(leaf_hash(&number.to_be_bytes()));
    }
    (tree, edge)
}

proptest! {
    #[test]
    fn inclusion_holds_and_any_flipped_bit_breaks_it(size in 1_u32..400, at: prop::sample::Index, bit in 0_usize..256) {
        let (tree, edge) = tree(size);
        let (count, index) = (size as usize, at.index(size as usize));
        let (root, leaf) = (tree.root(count).unwrap(), tree.node(0, index).unwrap());
        prop_assert_eq!(root, edge.root());
        let proof = tree.inclusion(index, count).unwrap();
        prop_assert_eq!(verify_inclusion(index as u64, count as u64, &leaf, &proof, &root), Ok(()));
        for place in 0..proof.len() {
            let mut flipped = proof.clone();
            flipped[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(index as u64, count as u64, &leaf, &flipped, &root).is_err());
        }
        let mut flipped = leaf;
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_inclusion(index as u64, count as u64, &flipped, &proof, &root).is_err());
    }

    #[test]
    fn consistency_holds_and_any_flipped_bit_breaks_it(new in 1_u32..400, at: prop::sample::Index, bit in 0_usize..256) {
        let (tree, _) = tree(new);
        let (old, new) = (at.index(new as usize) + 1, new as usize);
        let (first, second) = (tree.root(old).unwrap(), tree.root(new).unwrap());
        let proof = tree.consistency(old, new).unwrap();
        prop_assert_eq!(verify_consistency(old as u64, new as u64, &first, &second, &proof), Ok(()));
        for place in 0..proof.len() {
            let mut flipped = proof.clone();
            flipped[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_consistency(old as u64, new as u64, &first, &second, &flipped).is_err());
        }
    }

    #[test]
    fn an_edge_writes_the_tiles_of_its_tree_and_is_read_back_from_them(size in 0_u32..1100, more in 0_u32..300) {
        let (whole, _) = tree(size + more);
        let (_, before) = tree(size);
        let partial = before.partial_tiles();
        let found = |tile: &Tile| partial.iter().find(|(one, _)| one == tile).map(|(_, bytes)| bytes.as_slice());
        let mut edge = Edge::from_tiles(u64::from(size), found).unwrap();
        prop_assert_eq!(edge.root(), whole.root(size as usize).unwrap());
        for number in size..size + more {
            for (tile, bytes) in edge.push(leaf_hash(&number.to_be_bytes())) {
                prop_assert_eq!(Some(bytes), tile.hashes(&whole), "{}", tile);
            }
        }
        prop_assert_eq!(edge.root(), whole.root((size + more) as usize).unwrap());
        for (tile, bytes) in edge.partial_tiles() {
            prop_assert_eq!(Some(bytes), tile.hashes(&whole), "{}", tile);
        }
    }

    #[test]
    fn bundles_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40)) {
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        let bundle = encode_bundle(&entries).unwrap();
        prop_assert_eq!(decode_bundle(&bundle).unwrap(), entries);
    }
}

#[test]
fn an_offline_proof_binds_entry_log_and_checkpoint() {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let key = VerifierKey::ed25519("log.example/a", secret.verifying_key().to_bytes()).unwrap();
    let entries: [&[u8]; 3] = [b"a", b"b", b"c"];
    let tree = Tree::from_entries(entries);
    let text = Checkpoint::new(&key.name, 3, &tree.root(3).unwrap()).to_text();
    let checkpoint = Note::assemble(&text, &key, &secret.sign(text.as_bytes()).to_bytes());
    let proof = OfflineProof { extra: None, index: 1, hashes: tree.inclusion(1, 3).unwrap(), checkpoint };
    assert_eq!(OfflineProof::parse(&proof.to_text()), Ok(proof.clone()));
    assert_eq!(proof.verify(b"b", &key).unwrap().size, 3);
    assert!(proof.verify(b"a", &key).is_err());
    let changed = OfflineProof { checkpoint: proof.checkpoint.replace("\n3\n", "\n4\n"), ..proof };
    assert!(changed.verify(b"b", &key).is_err());
}
