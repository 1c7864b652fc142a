import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { kebab } from './told-dead-letters.ts';

export interface BusinessAlarmProps {
  readonly metric: IMetric;
  /** Sounds from this value on; below it, and when nothing is heard at all, where it is `quiet` that is wrong. */
  readonly threshold: number;
  readonly quiet?: boolean;
  /** For how many of the metric's periods in a row. @default 1 */
  readonly periods?: number;
  /** What was seen, in words: "messages wait for over 15 minutes". */
  readonly symptom: string;
  /** What the business loses while this is failing. */
  readonly failureImpact: string;
  readonly topic: ITopic;
  /** Its page under docs/operations/alarms. @default the alarm's id: `GettingOld` is `getting-old` */
  readonly runbook?: string;
}

/** An alarm that tells whoever it wakes what the business loses and which page to open, on the topic that people subscribe to. */
export class BusinessAlarm extends Alarm {
  constructor(scope: Construct, id: string, props: BusinessAlarmProps) {
    super(scope, id, {
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: props.periods ?? 1,
      comparisonOperator: props.quiet
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Elsewhere no traffic is no failure.
      treatMissingData: props.quiet ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: `${props.symptom}. What the business loses: ${props.failureImpact}. Runbook: docs/operations/alarms/${props.runbook ?? kebab(id)}.md.`,
    });
    this.addAlarmAction(new SnsAction(props.topic));
    this.addOkAction(new SnsAction(props.topic));
  }
}
