//! FF1 against NIST's samples, and its laws.

use proptest::prelude::*;

use super::*;

const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const KEY_192: &str = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f";
const KEY_256: &str = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94";

fn numerals(text: &str) -> Vec<u16> {
    text.chars().map(|c| u16::try_from(c.to_digit(36).unwrap()).unwrap()).collect()
}

fn text(numerals: &[u16]) -> String {
    numerals.iter().map(|n| char::from_digit(u32::from(*n), 36).unwrap()).collect()
}

/// <https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values>, `FF1samples`.
#[test]
fn samples_of_nist() {
    let digits = "0123456789";
    let letters = "0123456789abcdefghi";
    for (key, radix, tweak, plain, sealed) in [
        (KEY_128, 10, "", digits, "2433477484"),
        (KEY_128, 10, "39383736353433323130", digits, "6124200773"),
        (KEY_128, 36, "3737373770717273373737", letters, "a9tv40mll9kdu509eum"),
        (KEY_192, 10, "", digits, "2830668132"),
        (KEY_192, 10, "39383736353433323130", digits, "2496655549"),
        (KEY_192, 36, "3737373770717273373737", letters, "xbj3kv35jrawxv32ysr"),
        (KEY_256, 10, "", digits, "6657667009"),
        (KEY_256, 10, "39383736353433323130", digits, "1001623463"),
        (KEY_256, 36, "3737373770717273373737", letters, "xs8a0azh2avyalyzuwd"),
    ] {
        let ff1 = Ff1::new(&hex::decode(key).unwrap(), radix, &hex::decode(tweak).unwrap()).unwrap();
        let mut string = numerals(plain);
        ff1.encrypt(&mut string).unwrap();
        assert_eq!(text(&string), sealed);
        ff1.decrypt(&mut string).unwrap();
        assert_eq!(text(&string), plain);
    }
}

#[test]
fn small_domains_are_refused_with_the_alternative() {
    for (radix, needed) in [(2, 20), (10, 6), (26, 5), (36, 4), (62, 4), (1_000, 2), (65_536, 2)] {
        let ff1 = Ff1::new(&[7; 32], radix, b"").unwrap();
        assert_eq!(ff1.min_numerals(), needed, "{radix}");
        assert!(ff1.encrypt(&mut vec![0; needed]).is_ok(), "{radix}");
        for length in 0..needed {
            let error = ff1.encrypt(&mut vec![0; length]).unwrap_err();
            assert_eq!(error, Ff1Error::DomainTooSmall { numerals: length, radix, needed });
            assert!(error.to_string().contains("`token`"), "{error}");
        }
    }
}

#[test]
fn what_is_not_ff1_is_refused() {
    for radix in [0, 1, 65_537, u32::MAX] {
        assert_eq!(Ff1::new(&[7; 16], radix, b"").err(), Some(Ff1Error::Radix { radix }));
    }
    for length in [0, 1, 15, 17, 31, 33, 64] {
        assert_eq!(Ff1::new(&vec![7; length], 10, b"").err(), Some(Ff1Error::Key(AesKeyLength)), "{length}");
    }
    assert_eq!(Ff1::new(&[7; 16], 10, &[0; FF1_MAX_TWEAK_BYTES + 1]).err(), Some(Ff1Error::TweakTooLong));
    let ff1 = Ff1::new(&[7; 16], 10, b"").unwrap();
    let mut string = [1, 2, 3, 10, 5, 6, 7];
    assert_eq!(ff1.encrypt(&mut string), Err(Ff1Error::Numeral { index: 3 }));
    assert_eq!(string, [1, 2, 3, 10, 5, 6, 7]);
    let length = FF1_MAX_NUMERALS + 1;
    assert_eq!(ff1.encrypt(&mut vec![0; length]), Err(Ff1Error::TooLong { numerals: length }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The way of numbers and the long way are two writings of one standard.
    #[test]
    fn both_ways_give_the_same(
        radix in prop_oneof![2u32..=64, Just(10), 65_000u32..=65_536],
        seed in prop::collection::vec(any::<u16>(), 20..60),
        tweak in prop::collection::vec(any::<u8>(), 0..40),
        key_bytes in prop::sample::select(vec![16usize, 24, 32]),
    ) {
        let ff1 = Ff1::new(&vec![3; key_bytes], radix, &tweak).unwrap();
        let string: Vec<u16> = seed.iter().map(|n| u16::try_from(u32::from(*n) % radix).unwrap()).collect();
        let string = &string[..string.len().min(ff1.shapes.len() - 1)];
        for direction in [Direction::Encrypt, Direction::Decrypt] {
            let (mut short, mut slow) = (string.to_vec(), string.to_vec());
            ff1.apply(&mut short, direction).unwrap();
            long::apply(&ff1, &mut slow, direction);
            prop_assert_eq!(short, slow);
        }
    }

    #[test]
    fn decryption_undoes_encryption(
        radix in 2u32..=65_536,
        seed in prop::collection::vec(any::<u16>(), 20..300),
        tweak in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let ff1 = Ff1::new(&[3; 32], radix, &tweak).unwrap();
        let plain: Vec<u16> = seed.iter().map(|n| u16::try_from(u32::from(*n) % radix).unwrap()).collect();
        let mut string = plain.clone();
        ff1.encrypt(&mut string).unwrap();
        prop_assert!(string.iter().all(|n| u32::from(*n) < radix));
        prop_assert_ne!(&string, &plain);
        ff1.decrypt(&mut string).unwrap();
        prop_assert_eq!(string, plain);
    }

    /// A lane's own tweak is the tweak of the standard.
    #[test]
    fn a_lane_has_its_own_tweak(
        radix in prop_oneof![Just(2u32), Just(10), Just(62), Just(65_536)],
        seed in prop::collection::vec(any::<u16>(), 20..60),
        tweak in any::<[u8; 8]>(),
    ) {
        let string: Vec<u16> = seed.iter().map(|n| u16::try_from(u32::from(*n) % radix).unwrap()).collect();
        let shared = Ff1::new(&[3; 32], radix, &[0; 8]).unwrap();
        let string = &string[..string.len().min(shared.shapes.len() - 1)];
        let mut expected = string.to_vec();
        Ff1::new(&[3; 32], radix, &tweak).unwrap().encrypt(&mut expected).unwrap();
        let mut lane = shared.lane_with_tweak(string.len(), string.iter().copied(), tweak).unwrap();
        shared.encrypt_lanes(std::slice::from_mut(&mut lane));
        let mut written = vec![0; string.len()];
        shared.write_numerals(&lane, |index, numeral| written[index] = numeral);
        prop_assert_eq!(written, expected);
        prop_assert!(Ff1::new(&[3; 32], radix, b"").unwrap().lane_with_tweak(20, seed.into_iter(), tweak).is_none());
    }

    /// Strings side by side are as they would be one by one, whatever their lengths.
    #[test]
    fn lanes_do_not_touch_one_another(strings in prop::collection::vec(prop::collection::vec(0u16..10, 6..40), 1..150)) {
        let ff1 = Ff1::new(&[3; 32], 10, b"tweak").unwrap();
        let mut lanes: Vec<Ff1Lane> =
            strings.iter().map(|string| ff1.lane(string.len(), string.iter().copied()).unwrap()).collect();
        ff1.encrypt_lanes(&mut lanes);
        for (string, lane) in strings.iter().zip(&lanes) {
            let mut alone = string.clone();
            ff1.encrypt(&mut alone).unwrap();
            let mut written = vec![0; string.len()];
            ff1.write_numerals(lane, |index, numeral| written[index] = numeral);
            prop_assert_eq!(written, alone);
        }
        ff1.decrypt_lanes(&mut lanes);
        for (string, lane) in strings.iter().zip(&lanes) {
            let mut written = vec![0; string.len()];
            ff1.write_numerals(lane, |index, numeral| written[index] = numeral);
            prop_assert_eq!(&written, string);
        }
    }
}
