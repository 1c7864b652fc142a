import { Stack, type StackProps } from 'aws-cdk-lib';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { SUBSCRIPTIONS } from '#shared/contracts/subscriptions.ts';
import type { ApiDoor } from '../constructs/api-function.ts';
import type { FunctionDefaults } from '../constructs/lambda-function.ts';
import type { EnvironmentConfig } from '../environments.ts';
import type { DataStack } from './data-stack.ts';

export interface ServiceStackProps extends StackProps {
  readonly config: EnvironmentConfig;
  readonly defaults: FunctionDefaults;
  readonly data: DataStack;
  readonly api: ApiDoor;
}

/** What the stacks of the three gears have in common: each can be thrown away and built again, and holds nothing. */
export abstract class ServiceStack extends Stack {
  protected readonly data: DataStack;
  protected readonly api: ApiDoor;
  protected readonly defaults: FunctionDefaults;
  /** Names of the stores, and the zone, as functions read them from their environment. */
  protected readonly names: {
    readonly cases: { readonly CASES_TABLE: string };
    readonly scorecards: { readonly SCORECARDS_TABLE: string };
    readonly improvement: { readonly IMPROVEMENT_TABLE: string };
    readonly reference: { readonly REFERENCE_TABLE: string };
    readonly customers: { readonly CUSTOMERS_TABLE: string };
    readonly digestKey: { readonly DIGEST_KEY_SECRET: string };
    readonly files: { readonly FILES_BUCKET: string };
    readonly zone: { readonly TIME_ZONE: string };
  };

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { data } = props;
    this.data = data;
    this.api = props.api;
    this.defaults = props.defaults;
    this.names = {
      cases: { CASES_TABLE: data.cases.table.tableName },
      scorecards: { SCORECARDS_TABLE: data.scorecards.table.tableName },
      improvement: { IMPROVEMENT_TABLE: data.improvement.table.tableName },
      reference: { REFERENCE_TABLE: data.reference.table.tableName },
      customers: { CUSTOMERS_TABLE: data.customers.table.tableName },
      digestKey: { DIGEST_KEY_SECRET: data.digestKey.secretArn },
      files: { FILES_BUCKET: data.files.bucketName },
      zone: { TIME_ZONE: props.config.timeZone },
    };
  }
}

/** The events on the bus that reach a consumer's queue. */
export function eventsFor(consumer: keyof typeof SUBSCRIPTIONS): EventPattern {
  const types = SUBSCRIPTIONS[consumer];
  const source = ['interlock.disputes', 'interlock.performance'];
  return types === 'everything' ? { source } : { source, detailType: [...types] };
}
