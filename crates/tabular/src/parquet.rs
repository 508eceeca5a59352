//! Apache Parquet (<https://parquet.apache.org/docs/file-format/>), read with the `parquet` crate behind guards for what
//! a hostile file may declare.

mod chunks;
mod guard;
pub(crate) mod nested;
mod presence;
mod reader;
mod thrift;
mod writer;

pub(crate) use chunks::Chunks;
pub(crate) use reader::ParquetReader;
pub(crate) use writer::ParquetWriter;
