import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { bundledCode } from './bundle.ts';
import { type EnvironmentName, environmentNamed, environments } from './environments.ts';
import { addEnvironment } from './system.ts';

// `-c env=dev` takes one environment, `-c env=dev,prod` several, nothing takes all.
const app = new App();
const chosen = app.node.tryGetContext('env') ?? Object.keys(environments).join(',');
const names: readonly EnvironmentName[] = String(chosen).split(',').map(environmentNamed);

const code = bundledCode();
for (const name of names) addEnvironment(app, name, environments[name], code);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
