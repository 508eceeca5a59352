use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sluice_common::port::{
    Catalog, CatalogError, CatalogTable, ColumnStatistics, KnownTable, Metric, Metrics, MetricsError,
    QualityRunRequest, QualityRunResult, QualityRunStatus, QualityRuns, Queue, QueueError, RulesetSource, TableCatalog,
    TableName, TableStatistics, TableStorage,
};

use super::{Faulty, call};

#[async_trait]
impl<T: Catalog> Catalog for Faulty<T> {
    async fn register(&self, table: &CatalogTable) -> Result<(), CatalogError> {
        call(&self.plan, "register", self.inner.register(table)).await
    }
}

#[async_trait]
impl<T: TableStatistics> TableStatistics for Faulty<T> {
    async fn known(&self, table: &TableName) -> Result<Option<KnownTable>, CatalogError> {
        call(&self.plan, "known", self.inner.known(table)).await
    }

    async fn put_statistics(
        &self,
        table: &TableName,
        columns: &[ColumnStatistics],
        analyzed_at: Timestamp,
    ) -> Result<(), CatalogError> {
        call(&self.plan, "put_statistics", self.inner.put_statistics(table, columns, analyzed_at)).await
    }

    async fn forget_statistics(&self, table: &TableName, column: &str) -> Result<(), CatalogError> {
        call(&self.plan, "forget_statistics", self.inner.forget_statistics(table, column)).await
    }

    async fn put_parameters(
        &self,
        table: &TableName,
        parameters: &BTreeMap<String, Option<String>>,
    ) -> Result<(), CatalogError> {
        call(&self.plan, "put_parameters", self.inner.put_parameters(table, parameters)).await
    }
}

#[async_trait]
impl<T: TableCatalog> TableCatalog for Faulty<T> {
    async fn storage(&self, table: &TableName) -> Result<TableStorage, CatalogError> {
        call(&self.plan, "storage", self.inner.storage(table)).await
    }
}

#[async_trait]
impl<T: RulesetSource> RulesetSource for Faulty<T> {
    async fn ruleset(&self, name: &str) -> Result<String, CatalogError> {
        call(&self.plan, "ruleset", self.inner.ruleset(name)).await
    }
}

#[async_trait]
impl<T: QualityRuns> QualityRuns for Faulty<T> {
    async fn start(&self, request: &QualityRunRequest) -> Result<String, CatalogError> {
        call(&self.plan, "start_run", self.inner.start(request)).await
    }

    async fn status(&self, run_id: &str) -> Result<QualityRunStatus, CatalogError> {
        call(&self.plan, "run_status", self.inner.status(run_id)).await
    }

    async fn result(&self, result_id: &str) -> Result<QualityRunResult, CatalogError> {
        call(&self.plan, "run_result", self.inner.result(result_id)).await
    }
}

#[async_trait]
impl<T: Metrics> Metrics for Faulty<T> {
    async fn put(&self, metrics: &[Metric]) -> Result<(), MetricsError> {
        call(&self.plan, "put", self.inner.put(metrics)).await
    }
}

#[async_trait]
impl<T: Queue> Queue for Faulty<T> {
    async fn send(&self, body: String) -> Result<(), QueueError> {
        call(&self.plan, "send", self.inner.send(body)).await
    }
}
