import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { BusinessAlarm } from './alarm.ts';
import { LambdaFunction, type LambdaFunctionProps } from './lambda-function.ts';
import { DeadLetterQueue } from './work-queue.ts';

export interface ScheduledFunctionProps extends LambdaFunctionProps {
  /** EventBridge Scheduler's own form: 'cron(* * * * ? *)' is every minute. */
  readonly schedule: string;
  /** IANA name of the zone in which the schedule is read. */
  readonly timeZone: string;
  /**
   * How long it may stay silent before an alarm sounds; above an hour in whole hours. An alarm looks back seven days at
   * most, so beyond that silence sounds none: then something else has to miss what it makes.
   * @default Duration.minutes(5)
   */
  readonly longestSilence?: Duration;
}

/** One function on a schedule of its own. The next turn does the work of a missed one, so nothing is tried for long. */
export class ScheduledFunction extends LambdaFunction {
  readonly deadLetters: DeadLetterQueue;

  constructor(scope: Construct, id: string, props: ScheduledFunctionProps) {
    super(scope, id, props);
    this.deadLetters = new DeadLetterQueue(this, 'Missed', {
      failureImpact: props.failureImpact,
      alarmTopic: props.defaults.alarmTopic,
    });
    this.deadLetters.tell('turns');
    // Scheduler hands the turn over and forgets it: what fails afterwards is told by the function's own destination.
    this.fn.configureAsyncInvoke({
      retryAttempts: 1,
      maxEventAge: Duration.minutes(5),
      onFailure: new SqsDestination(this.deadLetters.queue),
    });
    const role = new Role(this, 'SchedulerRole', { assumedBy: new ServicePrincipal('scheduler.amazonaws.com') });
    role.addToPrincipalPolicy(allow('lambda:InvokeFunction', this.fn.functionArn));
    role.addToPrincipalPolicy(allow('sqs:SendMessage', this.deadLetters.queue.queueArn));
    const schedule = new CfnSchedule(this, 'Schedule', {
      scheduleExpression: props.schedule,
      scheduleExpressionTimezone: props.timeZone,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: this.fn.functionArn,
        roleArn: role.roleArn,
        deadLetterConfig: { arn: this.deadLetters.queue.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: 300, maximumRetryAttempts: 3 },
      },
    });
    schedule.node.addDependency(role);
    this.#watch(props.longestSilence ?? Duration.minutes(5), props);
  }

  /** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html for the seven days */
  #watch(silence: Duration, { failureImpact, defaults }: ScheduledFunctionProps): void {
    if (silence.toSeconds() > Duration.days(7).toSeconds()) return;
    const anHour = Duration.hours(1);
    const long = silence.toSeconds() > anHour.toSeconds();
    new BusinessAlarm(this, 'Silent', {
      metric: this.fn.metricInvocations({ period: long ? anHour : silence, statistic: 'Sum' }),
      threshold: 1,
      periods: long ? silence.toHours() : 1,
      quiet: true,
      symptom: `It did not run once within ${silence.toHumanString()}`,
      failureImpact,
      topic: defaults.alarmTopic,
    });
  }
}

/** One action on this very resource: the grants of the library name versions of a function and more of a queue besides. */
function allow(action: string, arn: string): PolicyStatement {
  return new PolicyStatement({ actions: [action], resources: [arn] });
}
