// Sluice as a construct: the one template, included, never copied. Its parameters can be set from CDK code.
import { fileURLToPath } from "node:url";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Construct } from "constructs";

const TEMPLATE = fileURLToPath(new URL("../template.yaml", import.meta.url));

export class Sluice extends Construct {
  /** The included template: `getResource` and `getOutput` reach what it holds. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, parameters: Record<string, string | number> = {}) {
    super(scope, id);
    this.template = new CfnInclude(this, "Template", {
      templateFile: TEMPLATE,
      preserveLogicalIds: true,
      parameters,
    });
  }
}
