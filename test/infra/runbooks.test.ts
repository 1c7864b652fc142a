import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DEAD_LETTERS_OUTPUT, DeadLettersTold } from '#infra/dead-letters.ts';
import { idBehind, resourcesOf, synthesize } from './system-under-test.ts';

const FOLDER = 'docs/operations/alarms';
const prod = synthesize('prod');
const alarms = resourcesOf(prod, 'AWS::CloudWatch::Alarm').map(({ stack, id, Properties }) => {
  const { AlarmDescription } = z.object({ AlarmDescription: z.string() }).parse(Properties);
  return { stack, id, page: / Runbook: (\S+)\.$/.exec(AlarmDescription)?.[1] ?? 'no page' };
});
const pages = readdirSync(FOLDER).map((name) => `${FOLDER}/${name}`);

describe('whoever is woken finds the page that the alarm names', () => {
  test.each([...new Set(alarms.map(({ page }) => page))])('%s is there', (page) => {
    expect(existsSync(page)).toBe(true);
  });

  test('no page is about an alarm that does not exist', () => {
    const named = new Set(alarms.map(({ page }) => page));
    expect(pages.filter((page) => !named.has(page))).toEqual([]);
  });

  test.each(pages)('%s says what was seen, where to look, when it is over and whom to wake', (page) => {
    const text = readFileSync(page, 'utf8');
    expect(text).toMatch(/^# .+\n\n\*\*Says:\*\* .+\*\*Loses:\*\* /);
    for (const part of ['## First look', '## It is over when', '## Wake somebody']) expect(text).toContain(part);
  });

  test.each(pages)('%s stands in the index', (page) => {
    expect(readFileSync('docs/operations/README.md', 'utf8')).toContain(`](${page.replace('docs/operations/', '')})`);
  });
});

describe('an operator finds every queue of dead letters', () => {
  const told = Object.entries(prod.stacks).flatMap(([stack, { json }]) =>
    Object.entries(json.Outputs)
      .filter(([key]) => key.startsWith(DEAD_LETTERS_OUTPUT))
      .map(([key, output]) => ({ stack, key, ...filledIn(z.object({ Value: z.unknown() }).parse(output).Value) })),
  );
  const queues = resourcesOf(prod, 'AWS::SQS::Queue');

  test('the stacks tell of each, and of no other queue', () => {
    const aside = queues.filter(({ id }) => /DeadLetters|GivenUp|Missed/.test(id));
    const names = (all: readonly { stack: string; id: string }[]) =>
      all.map(({ stack, id }) => `${stack} ${id}`).sort();
    expect(names(told.map(({ stack, queue }) => ({ stack, id: idIn(queue) })))).toEqual(names(aside));
  });

  test.each(told.filter(({ of }) => of !== undefined))('$name came from the queue that sends there', (one) => {
    const source = queues.find(({ stack, id }) => stack === one.stack && id === idIn(one.of ?? ''));
    const { RedrivePolicy } = z
      .object({ RedrivePolicy: z.object({ deadLetterTargetArn: z.unknown() }) })
      .parse(source?.Properties);
    expect(idBehind(RedrivePolicy.deadLetterTargetArn)).toBe(idIn(one.queue));
  });

  test('no two have the same name or the same output', () => {
    for (const of of ['name', 'key'] as const) expect(new Set(told.map((one) => one[of])).size).toBe(told.length);
  });

  test('those of the intake hold reports, and no others do (I-8)', () => {
    const reports = told.filter(({ holds }) => holds === 'reports').map(({ name }) => name);
    expect(reports.sort()).toEqual(['disputes/in-house', 'disputes/webhook']);
  });
});

/** An output's value with each queue's URL as one on a host of that name. */
function filledIn(value: unknown): DeadLettersTold {
  const Part = z.union([z.string(), z.object({ Ref: z.string() }).transform(({ Ref }) => `https://sqs/${Ref}`)]);
  const parts = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(Part)]) }).parse(value);
  return DeadLettersTold.parse(JSON.parse(parts['Fn::Join'][1].join('')));
}

function idIn(url: string): string {
  return url.replace('https://sqs/', '');
}
