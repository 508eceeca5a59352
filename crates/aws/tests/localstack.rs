//! The adapters against LocalStack, whose answers are recorded against AWS.
//!
//! `AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
//! cargo test -p sluice-aws --features localstack --test localstack`
#![cfg(feature = "localstack")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "setup functions of tests")]

mod localstack {
    mod setup;

    mod keys;
    mod locks;
    mod objects;
    mod services;
    mod uploads;
    mod versions;
}
