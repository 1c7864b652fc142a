import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as Lambda, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { CodeOf } from '../bundle.ts';
import { BusinessAlarm } from './alarm.ts';

/** What all functions of one environment share. */
export interface FunctionDefaults {
  readonly environmentName: string;
  readonly logRetentionDays: number;
  readonly code: CodeOf;
  readonly alarmTopic: ITopic;
}

export interface LambdaFunctionProps {
  readonly defaults: FunctionDefaults;
  /** The handler under `functions/`: 'alerts/raise-alert'. */
  readonly step: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the business loses while this is failing; printed in every alarm. */
  readonly failureImpact: string;
  /** @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** A processor comes with the memory: all of one with 1,769. @default 512 */
  readonly memoryMegabytes?: number;
}

/** One function with its own role, its log group and its alarms. It may do nothing but log until something is granted. */
export class LambdaFunction extends Construct {
  readonly fn: Lambda;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    const { defaults, step } = props;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: defaults.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // A role of our own: the one that CDK makes carries a managed policy for every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'X-Ray segments and the listing of streams know no resources; the actions are the single ones that tracing and stream mappings need.',
    });
    this.fn = new Lambda(this, 'Function', {
      code: defaults.code(step),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes ?? 512,
      timeout: props.timeout ?? Duration.seconds(30),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      environment: {
        ENVIRONMENT: defaults.environmentName,
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_METRICS_NAMESPACE: 'Interlock',
        POWERTOOLS_SERVICE_NAME: serviceOf(step),
        ...props.environment,
      },
    });
    const five = { period: Duration.minutes(5), statistic: 'Sum' };
    this.#alarm('Failing', props, this.fn.metricErrors(five), `${step} failed within five minutes`);
    this.#alarm('Throttled', props, this.fn.metricThrottles(five), `${step} was refused capacity within five minutes`);
  }

  #alarm(id: string, props: LambdaFunctionProps, metric: ReturnType<Lambda['metricErrors']>, symptom: string): void {
    const { failureImpact } = props;
    new BusinessAlarm(this, id, { metric, threshold: 1, symptom, failureImpact, topic: props.defaults.alarmTopic });
  }
}

/** The word that runs through folder, log and metrics: the step's folder. */
function serviceOf(step: string): string {
  return step.replace(/\/.*/, '');
}
