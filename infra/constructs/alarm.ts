import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface BusinessAlarmProps {
  readonly metric: IMetric;
  /** Sounds from this value on; below it, and when nothing is heard at all, where it is `quiet` that is wrong. */
  readonly threshold: number;
  readonly quiet?: boolean;
  /** What was seen, in words: "messages wait for over 15 minutes". */
  readonly symptom: string;
  /** What the business loses while this is failing. */
  readonly failureImpact: string;
  readonly topic: ITopic;
}

/** An alarm that tells whoever it wakes what the business loses, on the topic that people subscribe to. */
export class BusinessAlarm extends Alarm {
  constructor(scope: Construct, id: string, props: BusinessAlarmProps) {
    super(scope, id, {
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: 1,
      comparisonOperator: props.quiet
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Elsewhere no traffic is no failure.
      treatMissingData: props.quiet ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: `${props.symptom}. What the business loses: ${props.failureImpact}.`,
    });
    this.addAlarmAction(new SnsAction(props.topic));
    this.addOkAction(new SnsAction(props.topic));
  }
}
