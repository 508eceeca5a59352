use super::Desk;

#[test]
fn hashes_are_those_of_the_check_input() {
    // SHA-256: FIPS 180-4 tools. CRC-64/NVME of "123456789": ae8b14860a799888 (CRC catalogue), in base64.
    let desk = Desk::new();
    desk.put("t", "123456789");
    let json = desk.run(&["seal", "t", "--json"]).exits(0).json();
    assert_eq!(json["sha256"], "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    assert_eq!(json["crc64nvmeBase64"], "rosUhgp5mIg=");
    assert_eq!((&json["sizeBytes"], &json["s3ChecksumsVerdict"]), (&9.into(), &"absent".into()));
    let ran = desk.run(&["seal", "t"]).exits(0);
    assert!(ran.out.starts_with("t\nsize       9 bytes\nsha256     15e2b0d3"), "{}", ran.out);
}
