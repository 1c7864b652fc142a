import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface RecordTableProps {
  readonly key: IKey;
  readonly restoreWindowDays: number;
  readonly keepDataOnDelete: boolean;
  readonly deletionProtection: boolean;
  /** Whether items list themselves and fall due: the indexes of deadlines and lists of the tables' port. @default false */
  readonly indexed?: boolean;
  /** Whether its commits are published, and found by their hour. @default false */
  readonly streamed?: boolean;
  /** Whether items with `expiresAt` (epoch seconds) end by themselves. @default false */
  readonly expiring?: boolean;
}

/** The single actions that may be granted on a table. Nobody gets to delete: a mistake is undone by a further record. */
export type TableAction = `dynamodb:${'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem'}`;
/** What may be granted within named partitions, where what is kept only for a while can be taken out again. */
type PartitionAction = TableAction | 'dynamodb:DeleteItem';
/** One published document by its version, and lists that are read as a whole: what most steps need of reference data. */
export const LOOK_UP: readonly TableAction[] = ['dynamodb:GetItem', 'dynamodb:Query'];
/** What a decision needs: read the state, put the next one under a condition. Nothing in place is changed. */
export const DECIDE: readonly TableAction[] = ['dynamodb:GetItem', 'dynamodb:PutItem'];

const readActions: readonly TableAction[] = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const readingKey = ['kms:Decrypt', 'kms:DescribeKey'];
const writingKey = [...readingKey, 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

/** One table as all of ours are: paid per request, encrypted with our key, restorable to any second of its window. */
export class RecordTable extends Construct {
  readonly table: Table;
  readonly #key: IKey;

  constructor(scope: Construct, id: string, props: RecordTableProps) {
    super(scope, id);
    this.#key = props.key;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: props.key,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: props.restoreWindowDays,
      },
      deletionProtection: props.deletionProtection,
      removalPolicy: props.keepDataOnDelete ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      stream: props.streamed ? StreamViewType.NEW_AND_OLD_IMAGES : undefined,
      timeToLiveAttribute: props.expiring ? 'expiresAt' : undefined,
    });
    if (props.indexed) this.#addIndexes();
    if (props.streamed) this.#addHours();
  }

  /** Grants these actions on the table, without its indexes, and the use of its key through DynamoDB alone. */
  grant(grantee: IGrantable, ...actions: readonly TableAction[]): void {
    const resources = [this.table.tableArn];
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources }));
    this.#grantKey(
      grantee,
      actions.some((action) => !readActions.includes(action)),
    );
  }

  /** Grants a query of one index, and the use of the table's key for it. */
  grantIndex(grantee: IGrantable, index: 'byDue' | 'byList' | 'byHour'): void {
    const resources = [`${this.table.tableArn}/index/${index}`];
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['dynamodb:Query'], resources }));
    this.#grantKey(grantee, false);
  }

  /** Grants the lists: their index, which has keys alone, and the items that these name. */
  grantLists(grantee: IGrantable): void {
    this.grantIndex(grantee, 'byList');
    this.grant(grantee, 'dynamodb:BatchGetItem');
  }

  /** As {@link grant}, within partitions whose keys are like one of these, and without the indexes. */
  grantWithin(grantee: IGrantable, partitions: readonly string[], ...actions: readonly PartitionAction[]): void {
    const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] } };
    const resources = [this.table.tableArn];
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources, conditions }));
    const reading: readonly PartitionAction[] = readActions;
    this.#grantKey(
      grantee,
      actions.some((action) => !reading.includes(action)),
    );
  }

  #grantKey(grantee: IGrantable, writes: boolean): void {
    const viaTable = { StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` } };
    const keyActions = writes ? writingKey : readingKey;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: keyActions, resources: [this.#key.keyArn], conditions: viaTable }),
    );
  }

  #addIndexes(): void {
    this.table.addGlobalSecondaryIndex({
      indexName: 'byDue',
      partitionKey: { name: 'duePartition', type: AttributeType.STRING },
      sortKey: { name: 'dueAt', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['dueKind'],
    });
    this.table.addGlobalSecondaryIndex({
      indexName: 'byList',
      partitionKey: { name: 'listPartition', type: AttributeType.STRING },
      sortKey: { name: 'listSort', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }

  /** Commits alone are in it. CloudFormation adds at most one index to a standing table with each deploy. */
  #addHours(): void {
    this.table.addGlobalSecondaryIndex({
      indexName: 'byHour',
      partitionKey: { name: 'hourPartition', type: AttributeType.STRING },
      sortKey: { name: 'hourSort', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
}
