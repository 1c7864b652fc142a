import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { bundledCode } from '#infra/bundle.ts';
import { ROUTES } from '#shared/contracts/api/routes.ts';
import { appOf, resourcesOf, synthesize } from './system-under-test.ts';

const prod = synthesize('prod');

function findingsIn(app: App): readonly string[] {
  app.synth();
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
  );
}

describe('the infrastructure passes the checks of AWS Solutions', () => {
  test.each(['dev', 'staging', 'prod'] as const)(
    '%s has no finding that is not acknowledged beside its construct',
    (name) => {
      expect(findingsIn(appOf(name))).toEqual([]);
    },
  );

  test('a bucket without anything is found', () => {
    const app = new App();
    new Bucket(new Stack(app, 'Careless'), 'Open');
    expect(findingsIn(app)).toEqual(expect.arrayContaining(['AwsSolutions-S10 Careless/Open/Resource']));
  });
});

describe('stacks stay deployable', () => {
  test.each(Object.entries(prod.stacks))('%s has fewer than 500 resources and outputs', (_name, { json }) => {
    expect(Object.keys(json.Resources).length).toBeLessThan(500);
    expect(Object.keys(json.Outputs).length).toBeLessThan(200);
  });

  test('no resource has a physical name of ours, so that it can be replaced', () => {
    const namings =
      /^(TableName|QueueName|FunctionName|RoleName|BucketName|LogGroupName|TopicName|AlarmName|DashboardName|SecretName|AliasName|PolicyName)$/;
    const generated = new Set(['AWS::IAM::Policy PolicyName', 'AWS::Lambda::Permission FunctionName']);
    const fixed = Object.entries(prod.stacks).flatMap(([stack, { json }]) =>
      Object.entries(json.Resources).flatMap(([id, { Type, Properties }]) =>
        Object.entries(Properties)
          .filter(
            ([name, value]) => namings.test(name) && typeof value === 'string' && !generated.has(`${Type} ${name}`),
          )
          .map(([name]) => `${stack} ${id} ${name}`),
      ),
    );
    expect(fixed).toEqual([]);
  });

  test.each(resourcesOf(prod, 'AWS::Lambda::Function'))(
    '$stack $id runs Node 24, is traced, and logs as JSON to its own group',
    ({ Properties }) => {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogFormat: 'JSON', LogGroup: expect.anything() },
        Environment: { Variables: { ENVIRONMENT: 'prod', POWERTOOLS_METRICS_NAMESPACE: 'Interlock' } },
      });
    },
  );

  test('tools find what they need among the outputs', () => {
    const outputs = Object.entries(prod.stacks).flatMap(([stack, { json }]) =>
      Object.keys(json.Outputs)
        .filter((output) => !/^(ExportsOutput|DeadLetters)/.test(output)) // Those of dead letters: runbooks.test.ts.
        .map((output) => `${stack} ${output}`),
    );
    expect(outputs.sort()).toEqual([
      'api ApiId',
      'api ApiUrl',
      'data BusName',
      'data CasesTable',
      'data CustomersTable',
      'data DigestKeySecret',
      'data FilesBucket',
      'data ImprovementTable',
      'data ReferenceTable',
      'data ScorecardsTable',
      'disputes InHouseDeadLettersUrl',
      'disputes InHouseQueueUrl',
      'disputes SecretsPrefix',
      'disputes WebhookDeadLettersUrl',
      'disputes WebhookQueueUrl',
    ]);
  });
});

describe('code of functions', () => {
  test('a step without a handler is named', () => {
    expect(() => bundledCode()('about/nothing')).toThrow('functions/about/nothing.handler.ts is missing');
  });

  test.each([...new Set(ROUTES.map(({ step }) => step))])('%s, which answers calls, has a function', (step) => {
    const [service] = step.split('/');
    const services = resourcesOf(prod, 'AWS::Lambda::Function').map(({ Properties }) =>
      JSON.stringify(Properties.Environment),
    );
    expect(services.some((variables) => variables.includes(`"POWERTOOLS_SERVICE_NAME":"${service}"`))).toBe(true);
  });
});
