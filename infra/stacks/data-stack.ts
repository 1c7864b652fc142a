import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Archive, EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { RecordTable } from '../constructs/table.ts';
import type { EnvironmentConfig } from '../environments.ts';

export interface DataStackProps extends StackProps {
  readonly config: EnvironmentConfig;
}

/** Everything that must outlive a deployment: tables, files, the bus with its archive. All protected, restorable, encrypted with our keys. */
export class DataStack extends Stack {
  /** Disputes, commits, claims, receipts, clocks. Written by the disputes gear alone. */
  readonly cases: RecordTable;
  /** Alerts, stakes, ledger entries, cards. Written by the performance gear alone. */
  readonly scorecards: RecordTable;
  /** Plans, reviews, counters. */
  readonly improvement: RecordTable;
  /** Policies, calendars, sources, the directory. Written by deploys; sources by their operators, too. */
  readonly reference: RecordTable;
  /** Personal data and texts, under a key of their own. */
  readonly customers: RecordTable;
  readonly bus: EventBus;
  /** Anchors of the ledger and exports. */
  readonly files: Bucket;
  /** Keys the digests of personal data, so that they cannot be guessed back. */
  readonly digestKey: Secret;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { config } = props;
    const records = this.#key(
      'RecordsKey',
      config,
      'Disputes, scorecards, improvement and reference data of Interlock',
    );
    const personal = this.#key('CustomersKey', config, 'Personal data and texts of customers of Interlock');
    const { restoreWindowDays, keepDataOnDelete, deletionProtection } = config;
    const common = { restoreWindowDays, keepDataOnDelete, deletionProtection, key: records };
    this.cases = new RecordTable(this, 'Cases', { ...common, indexed: true, streamed: true, expiring: true });
    this.scorecards = new RecordTable(this, 'Scorecards', { ...common, indexed: true, streamed: true });
    this.improvement = new RecordTable(this, 'Improvement', common);
    this.reference = new RecordTable(this, 'Reference', common);
    this.customers = new RecordTable(this, 'Customers', { ...common, key: personal, expiring: true });

    this.bus = this.#bus(config);
    this.files = this.#bucket(records, config);
    this.digestKey = new Secret(this, 'DigestKey', {
      description: 'Keys the digests of personal data',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: removalOf(config),
    });
    Validations.of(this.digestKey).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'A rotated key would make every stored digest incomparable: a repeated report would no longer be known as one.',
    });
    this.#addOutputs();
  }

  #key(id: string, config: EnvironmentConfig, description: string): Key {
    return new Key(this, id, { description, enableKeyRotation: true, removalPolicy: removalOf(config) });
  }

  #bus({ busArchiveDays }: EnvironmentConfig): EventBus {
    const bus = new EventBus(this, 'Bus', { description: 'Where the gears of Interlock meet' });
    if (busArchiveDays) {
      const eventPattern = { account: [this.account] };
      new Archive(this, 'BusArchive', { sourceEventBus: bus, eventPattern, retention: Duration.days(busArchiveDays) });
    }
    return bus;
  }

  #bucket(encryptionKey: Key, config: EnvironmentConfig): Bucket {
    const bucket = new Bucket(this, 'Files', {
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [
        // Not of the anchors: what stood there before is the evidence that one was overwritten (S-20).
        ...['exports/', 'reviews/'].map((prefix) => ({
          prefix,
          noncurrentVersionExpiration: Duration.days(config.restoreWindowDays),
        })),
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy: removalOf(config),
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Who reads a file is recorded by the function that hands it out; a log bucket would be a second store to protect.',
    });
    return bucket;
  }

  /** Names that tools read from the outputs file of a deploy. */
  #addOutputs(): void {
    new CfnOutput(this, 'CasesTable', { value: this.cases.table.tableName });
    new CfnOutput(this, 'ScorecardsTable', { value: this.scorecards.table.tableName });
    new CfnOutput(this, 'ImprovementTable', { value: this.improvement.table.tableName });
    new CfnOutput(this, 'ReferenceTable', { value: this.reference.table.tableName });
    new CfnOutput(this, 'CustomersTable', { value: this.customers.table.tableName });
    new CfnOutput(this, 'FilesBucket', { value: this.files.bucketName });
    new CfnOutput(this, 'BusName', { value: this.bus.eventBusName });
    new CfnOutput(this, 'DigestKeySecret', { value: this.digestKey.secretArn });
  }
}

function removalOf(config: EnvironmentConfig): RemovalPolicy {
  return config.keepDataOnDelete ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
