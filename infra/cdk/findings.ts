// Every finding of cdk-nag and why it stands. Each names the resources it is about: a new one fails the synthesis.
import { Validations } from "aws-cdk-lib";
import type { Sluice } from "./sluice.js";

interface Answer {
  readonly rule: string;
  readonly on: readonly string[];
  readonly reason: string;
}

const DEAD_LETTERS = ["SealDeadLetterQueue", "QualityDeadLetterQueue", "QualitySqlDeadLetterQueue", "PseudonymizeDeadLetterQueue", "SweepDeadLetterQueue", "LogDeadLetterQueue", "AuditDeadLetterQueue"];
/** Two roles that do the same: one function has the SQL engine, the other has not. */
const QUALITY = ["QualityPolicy", "QualitySqlPolicy"];
const ROLES = [
  "SealRole", "QualityRole", "QualitySqlRole", "PseudonymizeRole", "SweepRole", "ReidentifyRole", "ReleaseRole", "LogRole", "CatalogRole", "AuditRole", "ScheduleRole",
  "UploaderRole", "DataScientistRole", "PolicyEditorRole", "AuditorRole", "InvestigatorRole", "AnalystRole", "KeyCustodianRole", "BreakGlassRole", "BatchRole",
];

/** Objects under one prefix of one bucket: the narrowest resource S3 knows for keys that are not known beforehand. */
const objects = (bucket: string, prefix: string, on: readonly string[], what: string): Answer => ({
  rule: `AwsSolutions-IAM5[Resource::<${bucket}.Arn>/${prefix}*]`,
  on,
  reason: `one bucket, one prefix: ${what}`,
});

const ANSWERS: readonly Answer[] = [
  { rule: "AwsSolutions-SQS3", on: DEAD_LETTERS, reason: "these are the dead-letter queues" },
  { rule: "Serverless-SQSRedrivePolicy", on: DEAD_LETTERS, reason: "these are the dead-letter queues" },
  {
    rule: "Serverless-SNSRedrivePolicy",
    on: ["AlertsByEmail"],
    reason: "e-mail, and optional: an alarm that is not delivered still stands in CloudWatch",
  },
  {
    rule: "AwsSolutions-S1",
    on: ["RawBucket", "CuratedBucket", "EvidenceBucket", "VaultBucket", "TrailBucket", "BatchBucket", "InventoryBucket"],
    reason: "CloudTrail data events are the access log; a bucket under a default lock cannot receive server access logs",
  },
  { rule: "AwsSolutions-VPC7", on: ["Vpc"], reason: "no route leaves it; CloudTrail records what reaches its endpoints" },
  {
    rule: "CloudFormation-Validate::W1030",
    on: ROLES,
    reason: "an empty boundary stands for none: the property is then AWS::NoValue by condition HasPermissionsBoundary",
  },
  {
    rule: "CloudFormation-Validate::W1030",
    on: ["SigningKeyAlias"],
    reason: "an empty ARN stands for the stack's own key: the alias then names that, by condition HasNextSigningKey",
  },
  {
    rule: "AwsSolutions-IAM5[Resource::*]",
    on: ["SharedPolicy", "NetworkPolicy", "AuditPolicy"],
    reason: "PutMetricData, limited by namespace, network interfaces, denied to code, and public keys: AWS knows no resource for any",
  },
  {
    rule: "Serverless-EventBusDLQ",
    on: ["FindingsRule", "InventoryRule"],
    reason: "what it tells of still stands in the bucket: a finding is a metric and an alarm, too; an unread inventory is followed by the next",
  },
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:dataQualityRuleset/*]",
    on: [...QUALITY, "QualityHandsOverPolicy"],
    reason: "the pipeline policy names rulesets; reading one discloses rules, not data",
  },
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:table/<CatalogDatabase>/*]",
    on: [...QUALITY, "PseudonymizePolicy", "CatalogPolicy", "DataScientistPolicy"],
    reason: "tables of one database, named by the pipeline policy",
  },
  objects("RawBucket", "<RawKeyPrefix>", ["SealPolicy", "BatchPolicy", ...QUALITY, "PseudonymizePolicy", "UploaderPolicy"], "uploads"),
  objects("RawBucket", "", ["SweepPolicy", "BreakGlassPolicy"], "every version is compared; any may have to be erased"),
  objects(
    "CuratedBucket", "", ["PseudonymizePolicy", "SweepPolicy", "ReleasePolicy", "DataScientistPolicy", "BreakGlassPolicy"],
    "keys are dataset, partition and an id",
  ),
  objects("EvidenceBucket", "", ["SweepPolicy", "AuditorPolicy"], "whoever audits reads all evidence"),
  objects("EvidenceBucket", "att/", ["SealPolicy", "SweepPolicy", "LogPolicy", "AuditPolicy"], "statements"),
  objects("EvidenceBucket", "log/", ["LogPolicy", "AuditPolicy"], "leaves, tiles and checkpoints"),
  objects("EvidenceBucket", "log/checkpoints/", ["SweepPolicy"], "checkpoints"),
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::<LogAnchorBucketName>/log/checkpoints/*]",
    on: ["LogPolicy"],
    reason: "one bucket, one prefix: checkpoints kept out of the operator's reach",
  },
  objects("EvidenceBucket", "att/keyrotation/", ["KeyCustodianPolicy"], "rotations"),
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]",
    on: ["KeyCustodianPolicy"],
    reason: "GetPublicKey alone: the next key has no name yet, and a public key is no secret",
  },
  objects("EvidenceBucket", "policy/", ["SealPolicy", ...QUALITY, "PseudonymizePolicy", "SweepPolicy", "AuditPolicy", "ReleasePolicy", "CatalogPolicy", "PolicyEditorPolicy"], "policy"),
  objects("EvidenceBucket", "report/", [...QUALITY, "SweepPolicy"], "reports"),
  objects("EvidenceBucket", "report/rows/", ["PseudonymizePolicy"], "numbers of failing rows"),
  objects("EvidenceBucket", "report/risk/", ["PseudonymizePolicy"], "pages of risk"),
  objects("EvidenceBucket", "report/text/", ["PseudonymizePolicy"], "answers of Amazon Comprehend"),
  objects("EvidenceBucket", "history/", [...QUALITY], "metrics of earlier objects"),
  objects("EvidenceBucket", "state/", [...QUALITY], "what was measured"),
  objects("RawBucket", "quarantine/", [...QUALITY], "failing rows"),
  objects("EvidenceBucket", "att/seal/", ["SealPolicy", ...QUALITY, "PseudonymizePolicy"], "seals"),
  objects("EvidenceBucket", "att/quality/", [...QUALITY, "PseudonymizePolicy", "CatalogPolicy"], "verdicts"),
  objects("EvidenceBucket", "att/pseudonymize/", ["PseudonymizePolicy", "ReleasePolicy", "CatalogPolicy"], "publications"),
  objects("EvidenceBucket", "statistics/", ["PseudonymizePolicy", "CatalogPolicy"], "what was measured of published objects"),
  objects("EvidenceBucket", "rollup/", ["CatalogPolicy"], "the same, merged by day"),
  objects("EvidenceBucket", "att/quarantine/", ["SealPolicy", ...QUALITY, "PseudonymizePolicy", "AuditPolicy"], "refusals"),
  objects("EvidenceBucket", "att/finding/", ["SealPolicy", ...QUALITY, "PseudonymizePolicy", "SweepPolicy", "LogPolicy", "AuditPolicy"], "findings"),
  objects("EvidenceBucket", "att/audit/", ["AuditPolicy"], "audits"),
  objects("TrailBucket", "AWSLogs/", ["AuditPolicy", "AuditorPolicy"], "files of trails"),
  objects("EvidenceBucket", "att/sweep/", ["SweepPolicy"], "sweeps"),
  objects("EvidenceBucket", "att/reidentify/", ["ReidentifyPolicy"], "re-identifications"),
  objects("EvidenceBucket", "att/budget/", ["ReleasePolicy"], "accounts of privacy budgets"),
  objects("EvidenceBucket", "att/release/", ["ReleasePolicy"], "answers"),
  objects("EvidenceBucket", "att/refusal/", ["ReleasePolicy"], "refusals of releases"),
  objects("EvidenceBucket", "att/handover/", ["SealPolicy"], "handovers to S3 Batch Operations"),
  objects("InventoryBucket", "raw/", ["SweepsInventoryPolicy"], "inventories"),
  objects("BatchBucket", "manifests/", ["BatchPolicy"], "manifests of jobs"),
  objects("BatchBucket", "reports/", ["BatchPolicy"], "reports of jobs"),
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::<NamePrefix>-batch-<AWS::AccountId>-<AWS::Region>/manifests/*]",
    on: ["SealPolicy"],
    reason: "one bucket, one prefix: manifests of jobs",
  },
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::<NamePrefix>-batch-<AWS::AccountId>-<AWS::Region>/reports/*]",
    on: ["SealPolicy"],
    reason: "one bucket, one prefix: reports of jobs",
  },
  {
    rule: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:<AWS::Region>:<AWS::AccountId>:job/*]",
    on: ["SealPolicy"],
    reason: "S3 names a job when it is created; only jobs that compute checksums may be",
  },
  objects("VaultBucket", "domains/", ["PseudonymizePolicy", "ReidentifyPolicy"], "wrapped domain keys"),
  objects("VaultBucket", "cohorts/", ["PseudonymizePolicy", "ReidentifyPolicy"], "wrapped secrets of cohorts"),
  objects("VaultBucket", "requests/", ["ReidentifyPolicy"], "requests"),
  objects("VaultBucket", "results/", ["ReidentifyPolicy", "InvestigatorPolicy"], "answers"),
];

export function answer(sluice: Sluice): void {
  for (const { rule, on, reason } of ANSWERS) {
    for (const logicalId of on) {
      Validations.of(sluice.template.getResource(logicalId)).acknowledge({ id: rule, reason });
    }
  }
}
