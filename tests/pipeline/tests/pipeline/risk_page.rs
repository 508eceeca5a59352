//! The figures of risk as a page beside the statement.

use sluice_testkit::names::bucket;

use crate::policies::policy_with;
use crate::world::{EVIDENCE, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_the_figures_as_a_page_also_of_what_was_withheld() {
    for (min_k, outcome) in [(2, "published"), (3, "withheld: k_too_small")] {
        let gate = format!("city:  {{ transform: keep }}\n      quasi_identifiers: [city]\n      min_k: {min_k}");
        let mut world = World::with_key(&policy_with("city:  { transform: keep }", &gate)).await;
        world.s3.drain_created();
        let table = "id,email,name,city\n1,a@example.org,A,Ulm\n2,b@example.org,B,Ulm\n3,c@example.org,C,Bonn\n4,d@example.org,D,Bonn\n";
        world.upload("people/a.csv", table);
        world.run().await;
        let statement = world.only("pseudonymize").await;
        assert_eq!(statement.predicate("stats")["k"], 2);
        let keys = world.s3.live_keys(&bucket(EVIDENCE));
        let [key] = &keys.iter().filter(|key| key.starts_with("report/risk/")).collect::<Vec<_>>()[..] else {
            panic!("{keys:?}")
        };
        let page = world.s3.current_bytes(&bucket(EVIDENCE), key).unwrap();
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert!(page.contains("k = 2") && page.contains(outcome), "{page}");
        assert!(page.contains(statement.at.key.as_str()), "it names the statement that it stands beside");
        assert!(!page.contains("Ulm") && !page.contains("example.org"), "no cell");
    }
}
