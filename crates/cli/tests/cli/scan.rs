use super::Desk;

const PEOPLE: &str = "id,email,card_number,notes,amount\n\
    1,anna@example.org,4000056655665556,thanks,12.50\n\
    2,,5555555555554444,write to ben@example.org please,3.99\n\
    3,eve@example.net,4000056655665556,,7.00\n";

#[test]
fn columns_are_classed_and_no_value_is_shown() {
    let desk = Desk::new();
    desk.put("people.csv", PEOPLE);
    let ran = desk.run(&["scan", "people.csv"]).exits(1);
    assert!(ran.out.contains("EMAIL_ADDRESS 100.0 % of cells (2)"), "{}", ran.out);
    assert!(!ran.out.contains("example.org") && !ran.out.contains("5555"), "{}", ran.out);
    let json = desk.run(&["scan", "people.csv", "--json"]).exits(1).json();
    let classes: Vec<_> = json["columns"].as_array().unwrap().iter().map(|column| column["class"].as_str()).collect();
    assert_eq!(classes, [None, Some("EMAIL_ADDRESS"), Some("CREDIT_CARD"), Some("text"), None]);
    assert_eq!(json["columns"][3]["found"][0]["first_rows"], serde_json::json!([1]));
    assert!(!json.to_string().contains("example.org"));
    let revealed = desk.run(&["scan", "people.csv", "--reveal"]).exits(1);
    assert!(revealed.out.contains("anna@example.org | eve@example.net"), "{}", revealed.out);
    desk.put("clear.csv", "a,b\n1,x\n");
    desk.run(&["scan", "clear.csv"]).exits(0);
    desk.run(&["scan", "nowhere.csv"]).exits(3);
}

#[test]
fn the_proposed_policy_is_accepted_and_works() {
    let desk = Desk::new();
    desk.put("people.csv", PEOPLE);
    desk.put("odd \"names\".jsonl", "{\"user\": {\"first name\": \"Anna\", \"e: mail\\\"\": \"anna@example.org\"}}\n");
    desk.put("empty.csv", "");
    for file in ["people.csv", "odd \"names\".jsonl", "empty.csv"] {
        let policy = desk.run(&["scan", file, "--suggest-policy"]).exits(0).out;
        assert!(!policy.contains("anna@"), "{policy}");
        desk.put("policy.yaml", &policy);
        desk.run(&["policy", "check", "policy.yaml"]).exits(0);
    }
    desk.put("policy.yaml", desk.run(&["scan", "people.csv", "--suggest-policy"]).exits(0).out);
    let mask = ["mask", "people.csv", "--policy", "policy.yaml", "--dataset", "people", "-o", "out.csv"];
    desk.run(&mask).exits(0);
    let masked = desk.text("out.csv");
    assert!(!masked.contains("example.org") && !masked.contains("5555555"), "{masked}");
    assert!(masked.contains("write to [EMAIL_ADDRESS] please,3.99"), "{masked}");
}

#[test]
fn json_paths_parquet_names_and_plain_text_are_read() {
    let desk = Desk::new();
    desk.put("events.jsonl", "{\"customer\": {\"ssn\": \"219099998\"}}\n{\"customer\": {\"ssn\": null}}\n");
    let json = desk.run(&["scan", "events.jsonl", "--json"]).exits(1).json();
    assert_eq!(json["columns"][0]["name"], "customer.ssn");
    assert_eq!(json["columns"][0]["class"], "US_SSN");
    desk.put("server.log", "starting\n\nlogin of anna@example.org, from 192.0.2.17\n");
    let json = desk.run(&["scan", "server.log", "--json"]).exits(1).json();
    assert_eq!(json["columns"][0]["class"], "text");
}

/// Rows have one object where others have a list of them, a text where others have objects, lists of texts and of lists.
const ORDERS: &str = concat!(
    "{\"id\":1,\"items\":[{\"email\":\"anna@example.org\",\"n\":1},{\"email\":\"ben@example.org\",\"n\":2}],\"cc\":[\"eve@example.net\"]}\n",
    "{\"id\":2,\"items\":{\"email\":\"eve@example.net\",\"n\":3},\"cc\":\"anna@example.org\",\"grid\":[[\"x\",\"ben@example.org\"],[]]}\n",
    "{\"id\":3,\"items\":[],\"cc\":[]}\n",
    "{\"id\":4,\"items\":\"none\",\"items2\":[{\"notes\":[\"mail anna@example.org\",\"fine\"]}]}\n",
);

#[test]
fn lists_are_opened_and_what_is_proposed_for_them_works() {
    let desk = Desk::new();
    desk.put("orders.jsonl", ORDERS);
    let json = desk.run(&["scan", "orders.jsonl", "--json"]).exits(1).json();
    let columns = json["columns"].as_array().unwrap();
    let email = columns.iter().find(|column| column["name"] == "items[*].email").expect("a path into the list");
    assert_eq!((email["class"].as_str(), email["cells"].as_u64()), (Some("EMAIL_ADDRESS"), Some(2)));
    assert_eq!(email["found"][0]["first_rows"], serde_json::json!([0]), "both stand in the first row");
    let notes = columns.iter().find(|column| column["name"] == "items2[*].notes[*]").unwrap();
    assert_eq!((notes["class"].as_str(), &notes["found"][0]["first_rows"]), (Some("text"), &serde_json::json!([3])));

    let policy = desk.run(&["scan", "orders.jsonl", "--suggest-policy"]).exits(0).out;
    assert!(policy.contains("\"items[*].email\": { transform: token }"), "{policy}");
    desk.put("policy.yaml", &policy);
    desk.run(&["policy", "check", "policy.yaml"]).exits(0);
    desk.run(&["keys", "rotate", "orders", "--vault", "vault"]).exits(0);
    let mask = ["mask", "orders.jsonl", "--policy", "policy.yaml", "--dataset", "orders", "--vault", "vault"];
    desk.run(&[&mask[..], &["-o", "one.jsonl"]].concat()).exits(0);
    let masked = desk.text("one.jsonl");
    assert!(!masked.contains("example."), "{masked}");
    assert!(masked.contains("\"notes\":[\"mail [EMAIL_ADDRESS]\",\"fine\"]"), "{masked}");
    let first = masked.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let tokens: Vec<_> = first.map(|row| (row["items"][0]["email"].clone(), row["items"]["email"].clone())).collect();
    assert!(tokens[0].0.as_str().unwrap().starts_with("tk1_1_") && tokens[1].1.as_str().unwrap().starts_with("tk1_1_"));

    // Whether columns inside lists join is told as for others.
    let joinable = |left: &str, right: &str| desk.run(&["keys", "joinable", left, right]);
    let same = joinable("one.jsonl:items[*].email", "one.jsonl:grid[*][*]").exits(0);
    assert!(same.out.contains("3 tokens of epoch 1"), "{}", same.out);
    joinable("one.jsonl:items[*].email", "one.jsonl:items[*].n").exits(1);
    desk.run(&["keys", "rotate", "orders", "--vault", "vault"]).exits(0);
    desk.run(&[&mask[..], &["-o", "two.jsonl"]].concat()).exits(0);
    let other = joinable("one.jsonl:items[*].email", "two.jsonl:items[*].email").exits(1);
    assert!(other.out.contains("3 tokens of epoch 2") && other.out.contains("NOT joinable"), "{}", other.out);
}
