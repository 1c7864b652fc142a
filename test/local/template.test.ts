import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAssembly } from '#infra/local/template.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assembly-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (template: object) => {
  writeFileSync(join(folder, 'data.template.json'), JSON.stringify(template));
  return readAssembly(folder, 'http://127.0.0.1:1');
};
const queue = (more: object) => ({ Resources: { Work: { Type: 'AWS::SQS::Queue', ...more } } });

test('names, references and outputs are the same at every reading', () => {
  const Outputs = { Url: { Value: { Ref: 'Work' } } };
  const { resources, outputs } = read({
    ...queue({ Properties: { Arn: { 'Fn::GetAtt': ['Work', 'Arn'] } } }),
    Outputs,
  });
  const arn = 'arn:aws:sqs:us-east-1:000000000000:data-Work';
  expect(resources).toMatchObject([{ stack: 'data', logicalId: 'Work', arn, properties: { Arn: arn } }]);
  expect(outputs).toEqual({ data: { Url: 'http://127.0.0.1:1/000000000000/data-Work' } });
});

test.each([
  [queue({ Condition: 'IsLarge' }), 'data/Work: Condition is not supported on one machine'],
  [{ ...queue({}), Conditions: {} }, 'data: Conditions is not supported on one machine'],
  [{ Resources: { Work: {} } }, 'data/Work: Type is not supported on one machine'],
  [
    queue({ Properties: { Name: { 'Fn::Sub': 'any' } } }),
    'data/Work: the function Fn::Sub is not supported on one machine',
  ],
  [queue({ Properties: { Of: { Ref: 'Gone' } } }), 'data/Work: Gone is no resource of data'],
  [
    queue({ Properties: { Of: { 'Fn::GetAtt': ['Work', 'Age'] } } }),
    'data/Work: the attribute Age of Work is not known',
  ],
  [queue({ Properties: { Of: { 'Fn::ImportValue': 'Gone' } } }), 'data/Work: no stack exports Gone'],
  [{ ...queue({}), Outputs: { Url: { Value: { Ref: 'Gone' } } } }, 'data, output Url: Gone is no resource of data'],
])('what only AWS carries out is refused by stack and resource: %j', (template, said) => {
  expect(() => read(template)).toThrow(RangeError);
  expect(() => read(template)).toThrow(said);
});
