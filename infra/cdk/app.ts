// `npm run synth`: synthesizes the included template and stops on any finding of cdk-nag that is not answered.
import { App, Stack, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { answer } from "./findings.js";
import { Sluice } from "./sluice.js";

const app = new App({ outdir: "cdk.out" });
const stack = new Stack(app, "Sluice");
answer(new Sluice(stack, "Sluice"));
Validations.of(stack).acknowledge({
  id: "CloudFormation-Validate::W1001",
  reason: "output BreakGlassRoleArn refers to the role inside Fn::If on the role's own condition",
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
Validations.of(app).addPlugins(new ServerlessChecks(app));
app.synth();
