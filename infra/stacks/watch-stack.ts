import { ArnFormat, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, MathExpression, Metric, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { BusinessAlarm } from '../constructs/alarm.ts';
import type { EnvironmentConfig } from '../environments.ts';

export interface WatchStackProps extends StackProps {
  readonly config: EnvironmentConfig;
  /** What the names of this environment's resources start with: CDK begins them with the stack's. */
  readonly namePrefix: string;
  /** Under which the functions count what they see. */
  readonly environmentName: string;
}

/** Who is woken, and one page to look at. It stands before the services, whose alarms it carries; they stand beside what they watch. */
export class WatchStack extends Stack {
  readonly alarmTopic: Topic;

  constructor(scope: Construct, id: string, props: WatchStackProps) {
    super(scope, id, props);
    const masterKey = new Key(this, 'AlarmKey', {
      description: 'Alarms of Interlock',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY, // It protects nothing that is kept.
    });
    this.alarmTopic = new Topic(this, 'Alarms', { masterKey, enforceSSL: true });
    // With a policy of its own a topic no longer lets the account's alarms in by default.
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    const source = this.formatArn({ service: 'cloudwatch', resource: 'alarm', resourceName: '*', arnFormat });
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { ArnLike: { 'aws:SourceArn': source } },
    });
    this.alarmTopic.grantPublish(alarms);
    for (const address of props.config.alarmAddresses) this.alarmTopic.addSubscription(new EmailSubscription(address));
    this.#watchTampering(props.environmentName);
    this.#addDashboard(props.namePrefix);
  }

  /** The publishers of both gears count what they see changed that is only ever added (T-3). */
  #watchTampering(environment: string): void {
    new BusinessAlarm(this, 'Tampered', {
      metric: new Metric({
        namespace: 'Interlock',
        metricName: 'RecordTampered',
        dimensionsMap: { service: 'publisher', environment },
        period: Duration.minutes(1),
        statistic: 'Sum',
      }),
      threshold: 1,
      symptom: 'Somebody changed or removed a commit, an entry or a seal',
      failureImpact: 'points and decisions can no longer be proven to those whom they concern',
      topic: this.alarmTopic,
    });
  }

  #addDashboard(namePrefix: string): void {
    const period = Duration.minutes(5);
    const graph = (title: string, expression: string) =>
      new GraphWidget({ title, width: 12, height: 6, left: [new MathExpression({ expression, label: '', period })] });
    const search = (space: string, metric: string, statistic: string) =>
      `SEARCH('{${space}} MetricName="${metric}" "${namePrefix}"', '${statistic}')`;
    new Dashboard(this, 'Dashboard').addWidgets(
      new TextWidget({
        markdown: `# Interlock (${namePrefix})\nFrom the report to the card: each line is one step. What an alarm means and what to do: docs/operations/README.md in the repository.`,
        width: 24,
        height: 2,
      }),
      graph('Failing functions', search('AWS/Lambda,FunctionName', 'Errors', 'Sum')),
      graph('Work done (invocations)', search('AWS/Lambda,FunctionName', 'Invocations', 'Sum')),
      graph(
        'Seconds that the oldest message waits',
        search('AWS/SQS,QueueName', 'ApproximateAgeOfOldestMessage', 'Maximum'),
      ),
      graph('Messages waiting', search('AWS/SQS,QueueName', 'ApproximateNumberOfMessagesVisible', 'Maximum')),
      graph('Milliseconds that streams are behind', search('AWS/Lambda,FunctionName', 'IteratorAge', 'Maximum')),
      graph('Milliseconds per call (p99)', search('AWS/Lambda,FunctionName', 'Duration', 'p99')),
    );
  }
}
