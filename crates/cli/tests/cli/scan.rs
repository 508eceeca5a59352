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
