use p256::pkcs8::EncodePrivateKey as _;

use super::Desk;

const POLICY: &str = r#"
version: 1
datasets:
  - name: orders
    match: "orders/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy:
      domain: customers
      columns:
        id: { transform: encrypt }
        card: { transform: fpe, keep_last: 4, check: luhn }
        email: { transform: token }
"#;
/// A key that nobody uses for anything else.
fn signing_key() -> String {
    let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    key.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).unwrap().to_string()
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("policy.yaml", POLICY);
    desk.put("key.pem", signing_key());
    desk.run(&["keys", "rotate", "customers", "--vault", "vault"]).exits(0);
    desk
}

fn shred(desk: &Desk, more: &[&str]) -> super::Ran {
    let base = ["keys", "shred", "customers", "--epoch", "1", "--vault", "vault", "--signing-key", "key.pem"];
    let why = ["--reason", "the retention has ended", "--statement", "shred.dsse.json", "--requester", "anna"];
    desk.run(&[&base[..], &why, more].concat())
}

#[test]
fn a_rotation_begins_an_epoch_and_keeps_the_old_one() {
    let desk = desk();
    let ran = desk.run(&["keys", "rotate", "customers", "--vault", "vault"]).exits(0);
    assert!(ran.out.contains("epoch 2"), "{}", ran.out);
    let ran = desk.run(&["keys", "list", "--vault", "vault", "--json"]).exits(0);
    let records: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(records[0]["status"], "kept");
    assert_eq!((&records[0]["is_current"], &records[1]["is_current"]), (&false.into(), &true.into()));
}

#[test]
fn shredding_takes_two_people_and_leaves_a_statement() {
    let desk = desk();
    assert!(shred(&desk, &["--approver", "Anna", "--confirm", "customers"]).exits(3).err.contains("other than"));
    assert!(shred(&desk, &["--approver", "ben", "--confirm", "staff"]).exits(3).err.contains("--confirm"));
    let record = desk.text("vault/domains/customers/1.json");
    shred(&desk, &["--approver", "ben", "--confirm", "customers"]).exits(0);
    let statement: serde_json::Value = serde_json::from_str(&desk.text("shred.dsse.json")).unwrap();
    assert!(statement["signatures"][0]["sig"].is_string());
    let ran = desk.run(&["keys", "list", "customers", "--vault", "vault"]).exits(0);
    assert!(ran.out.contains("shredded"), "{}", ran.out);
    let again = shred(&desk, &["--approver", "ben", "--confirm", "customers"]).exits(3);
    assert!(again.err.contains("shredded") && again.err.contains("by statement"), "{}", again.err);
    // As after a destruction that was cut off: it is finished, under the statement that there is.
    desk.put("vault/domains/customers/1.json", record);
    let finished = shred(&desk, &["--approver", "ben", "--confirm", "customers"]).exits(0);
    assert!(finished.out.contains("1 versions removed") && finished.out.contains("begun before"), "{}", finished.out);
}

#[test]
fn columns_of_two_epochs_are_not_joinable() {
    let desk = Desk::new();
    let token = |epoch| format!("id\ntk1_{epoch}_aaaqeayeaudaocajbifqydiob4\n");
    desk.put("a.csv", token(1));
    desk.put("b.csv", token(2));
    desk.run(&["keys", "joinable", "a.csv:id", "a.csv:id"]).exits(0);
    let ran = desk.run(&["keys", "joinable", "a.csv:id", "b.csv:id"]).exits(1);
    assert!(ran.out.contains("NOT joinable") && ran.out.contains("epoch 2"), "{}", ran.out);
}

#[test]
fn tokens_are_not_brought_over_and_unknown_epochs_are_errors() {
    let desk = desk();
    desk.run(&["keys", "rotate", "customers", "--vault", "vault"]).exits(0);
    desk.put("t.csv", "id,card,email\n,,\n");
    let base = ["keys", "retokenise", "t.csv", "--policy", "policy.yaml", "--dataset", "orders", "-o", "o.csv"];
    let run = |more: &[&str]| desk.run(&[&base[..], &["--vault", "vault"], more].concat());
    assert!(run(&["--from", "1"]).exits(3).err.contains("cannot be turned back"));
    assert!(run(&["--from", "7", "--leave-tokens"]).exits(3).err.contains("no key of epoch 7"));
    assert!(run(&["--from", "2", "--leave-tokens"]).exits(3).err.contains("already"));
    run(&["--from", "1", "--leave-tokens"]).exits(0);
    assert_eq!(desk.text("o.csv"), "id,card,email\n,,\n");
}

const SUBJECTS: &str = r#"
version: 1
datasets:
  - name: orders
    match: "orders/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy:
      domain: customers
      subjects: { column: id, cohorts: each }
      columns:
        id: { transform: token }
        email: { transform: encrypt }
"#;

fn masked(desk: &Desk, output: &str) -> Vec<Vec<String>> {
    let base = ["mask", "t.csv", "--policy", "policy.yaml", "--dataset", "orders", "-o", output, "--vault", "vault"];
    desk.run(&base).exits(0);
    desk.text(output).lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn one_subject_is_forgotten_and_another_stays() {
    let desk = Desk::new();
    desk.put("policy.yaml", SUBJECTS);
    desk.put("key.pem", signing_key());
    desk.put("t.csv", "id,email\nC-1,ada@example.org\nC-2,noor@example.org\n");
    let before = masked(&desk, "before.csv");
    let cohort = |row: usize| before[row][1].split(['.', '_']).nth(2).unwrap().to_owned();
    assert_ne!(cohort(0), cohort(1), "each subject has a key of its own");

    let list = |more: &[&str]| {
        desk.run(&[&["keys", "list", "customers", "--vault", "vault", "--json"], more].concat()).exits(0).out
    };
    let listed: serde_json::Value = serde_json::from_str(&list(&["--subject", "C-1"])).unwrap();
    assert_eq!((listed["cohort"].to_string(), &listed["epochs"][0]), (cohort(0), &1.into()));

    let base = ["keys", "shred", "customers", "--vault", "vault", "--signing-key", "key.pem", "--confirm", "customers"];
    let why = ["--reason", "asked to be forgotten", "--statement", "shred.dsse.json", "--requester", "anna"];
    let shred = |more: &[&str]| desk.run(&[&base[..], &why, &["--approver", "ben"], more].concat());
    shred(&[]).exits(2);
    shred(&["--subject", "C-1", "--epoch", "1"]).exits(2);
    let ran = shred(&["--subject", "C-1"]).exits(0);
    assert!(ran.out.contains("1 versions of its keys removed"), "{}", ran.out);
    assert!(!ran.out.contains("C-1") && !desk.text("shred.dsse.json").contains("C-1"));
    let again = shred(&["--cohort", &cohort(0)]).exits(0);
    assert!(again.out.contains("was shredded before"), "{}", again.out);
    let listed: serde_json::Value = serde_json::from_str(&list(&["--cohort", &cohort(0)])).unwrap();
    let statement = listed["shredded"]["statement"].as_str().unwrap();
    assert!(ran.out.contains(statement), "the statement that was written is the one that the vault names");

    let after = masked(&desk, "after.csv");
    assert_eq!((after[0][0].as_str(), after[0][1].as_str()), (before[0][0].as_str(), ""));
    assert_eq!(after[1], before[1]);
}

#[test]
fn subjects_need_a_vault() {
    let desk = Desk::new();
    desk.put("policy.yaml", SUBJECTS);
    desk.put("t.csv", "id,email\nC-1,ada@example.org\n");
    let ran = desk.run(&["mask", "t.csv", "--policy", "policy.yaml", "--dataset", "orders", "-o", "o.csv"]).exits(3);
    assert!(ran.err.contains("--vault"), "{}", ran.err);
}
