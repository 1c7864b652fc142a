import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { INDEXES } from '#shared/domain/ports/tables.ts';
import { idBehind, resourcesOf, synthesize } from './system-under-test.ts';

const prod = synthesize('prod');
const tables = resourcesOf(prod, 'AWS::DynamoDB::Table');
const table = (name: string) => {
  const found = tables.find(({ id }) => id.startsWith(name));
  if (!found) throw new RangeError(`no table ${name}`);
  return found;
};
const keyOf = ({ Properties }: (typeof tables)[number]) =>
  idBehind(z.object({ KMSMasterKeyId: z.unknown() }).parse(Properties.SSESpecification).KMSMasterKeyId);

describe('data outlives mistakes', () => {
  test('there are five tables, all in the stack that keeps data', () => {
    expect(tables.map(({ stack, id }) => `${stack} ${id.replace(/Table.*/, '')}`).sort()).toEqual([
      'data Cases',
      'data Customers',
      'data Improvement',
      'data Reference',
      'data Scorecards',
    ]);
  });

  test.each(tables)(
    '$id is protected, restorable for 35 days, paid per request and kept when its stack goes',
    (one) => {
      expect(one.Properties).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      });
      expect(one).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    },
  );

  test.each(resourcesOf(prod, 'AWS::KMS::Key'))('$stack $id is renewed every year', ({ Properties }) => {
    expect(Properties.EnableKeyRotation).toBe(true);
  });

  test('the keys of data are kept with it, and so are files, versions and the digest key', () => {
    const kept = ['AWS::KMS::Key', 'AWS::S3::Bucket', 'AWS::SecretsManager::Secret']
      .flatMap((type) => resourcesOf(prod, type))
      .filter(({ stack }) => stack === 'data');
    expect(kept.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(kept.map(() => 'Retain'));
    expect(resourcesOf(prod, 'AWS::S3::Bucket').map(({ Properties }) => Properties.VersioningConfiguration)).toEqual([
      { Status: 'Enabled' },
    ]);
  });

  test('the bus keeps its events as long as tables are restorable', () => {
    expect(resourcesOf(prod, 'AWS::Events::Archive').map(({ Properties }) => Properties.RetentionDays)).toEqual([35]);
  });

  test('what can be thrown away holds no data', () => {
    const holding = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::Events::EventBus', 'AWS::SecretsManager::Secret'];
    const elsewhere = holding.flatMap((type) => resourcesOf(prod, type)).filter(({ stack }) => stack !== 'data');
    expect(elsewhere).toEqual([]);
  });
});

describe('personal data stands apart (T-2)', () => {
  test('customers have a key of their own, under which nothing else lies', () => {
    const others = tables.filter(({ id }) => !id.startsWith('Customers')).map(keyOf);
    expect(keyOf(table('Customers'))).toMatch(/^CustomersKey/);
    expect(new Set(others).size).toBe(1);
    expect(others).not.toContain(keyOf(table('Customers')));
  });

  test('what customers said goes through no stream', () => {
    expect(table('Customers').Properties.StreamSpecification).toBeUndefined();
  });

  test('only items of cases and customers may expire', () => {
    const expiring = tables
      .filter(({ Properties }) => 'TimeToLiveSpecification' in Properties)
      .map(({ id }) => id.replace(/Table.*/, ''));
    expect(expiring.sort()).toEqual(['Cases', 'Customers']);
  });
});

describe('tables stand as their port expects them', () => {
  test.each(['Cases', 'Scorecards'])('%s has its indexes, with what a sweep reads and no more', (name) => {
    const key = ({ partition, sort }: { partition: string; sort: string }) => [
      { AttributeName: partition, KeyType: 'HASH' },
      { AttributeName: sort, KeyType: 'RANGE' },
    ];
    expect(table(name).Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'byDue',
        KeySchema: key(INDEXES.byDue),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['dueKind'] },
      },
      { IndexName: 'byList', KeySchema: key(INDEXES.byList), Projection: { ProjectionType: 'KEYS_ONLY' } },
      { IndexName: 'byHour', KeySchema: key(INDEXES.byHour), Projection: { ProjectionType: 'KEYS_ONLY' } },
    ]);
  });

  test.each(['Cases', 'Scorecards'])('the stream of %s tells what was and what is', (name) => {
    expect(table(name).Properties.StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
  });
});
