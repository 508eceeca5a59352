"""End to end: the deployed stack from outside.

| what is shown | where |
|---|---|
| every format reaches curated, tokens join, openssl alone verifies, a failing verdict publishes nothing | test_pipeline |
| hostile keys and 1024 bytes through every stage, nothing at all, events again and in reverse order | test_pipeline, test_seal |
| poison is quarantined with a reason, queues are empty, neighbours are processed | test_poison |
| a function killed in the middle of each stage: one set of outputs | test_crash |
| bytes changed after the seal, forged, foreign, replayed statements: finding, metric, nothing out | test_tamper |
| a clean sweep is signed; meddling is found, named and healed where it can be by the next one | test_sweep_clean, test_sweep |
| reidentification with an approver only, by the investigator only, into the vault only | test_reidentify |
| each role is refused what it does not need; settings of buckets; wiring, alarms, logs | test_access, test_buckets, test_wiring |
| no cell and no key in a log, no cell in a statement | test_secrets |
| rules look up a table of the Glue Data Catalog, with the function's own role | test_references |
| rulesets with queries reach the function that has an SQL engine | sql |

`SLUICE_E2E_PORT=4600 pytest tests/e2e/test_pipeline.py` keeps the stack on that port for the next run.
"""
