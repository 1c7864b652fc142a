import type { App } from 'aws-cdk-lib';
import type { CodeOf } from './bundle.ts';
import type { EnvironmentConfig } from './environments.ts';
import { ApiStack } from './stacks/api-stack.ts';
import { DataStack } from './stacks/data-stack.ts';
import { DisputesStack } from './stacks/disputes-stack.ts';
import { ImprovementStack } from './stacks/improvement-stack.ts';
import { PerformanceStack } from './stacks/performance-stack.ts';
import { WatchStack } from './stacks/watch-stack.ts';

/** Adds all stacks of one environment: what keeps data, who is woken, the door, and one service per gear. */
export function addEnvironment(app: App, environmentName: string, config: EnvironmentConfig, code: CodeOf): void {
  const named = (stack: string) => `interlock-${environmentName}-${stack}`;
  const env = {
    account: config.account ?? process.env.CDK_DEFAULT_ACCOUNT ?? '000000000000',
    region: config.region ?? process.env.CDK_DEFAULT_REGION ?? 'us-east-1',
  };
  const { deletionProtection: terminationProtection } = config;
  const data = new DataStack(app, named('data'), { env, config, terminationProtection });
  const watch = new WatchStack(app, named('watch'), { env, config, environmentName, namePrefix: named('') });
  const { logRetentionDays } = config;
  const defaults = { environmentName, logRetentionDays, code, alarmTopic: watch.alarmTopic };
  const { api } = new ApiStack(app, named('api'), { env, config, defaults });
  const service = { env, config, defaults, data, api };
  new DisputesStack(app, named('disputes'), service);
  new PerformanceStack(app, named('performance'), service);
  new ImprovementStack(app, named('improvement'), service);
}
