import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AnyEvent, EVENTS, type EventName } from '#shared/contracts/events/events.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { ExportMessageV1 } from '#shared/contracts/messages/export-message.v1.ts';
import { IntakeMessageV1 } from '#shared/contracts/messages/intake-message.v1.ts';
import { InHouseMessageV1, ReportV1 } from '#shared/contracts/report.v1.ts';
import { SUBSCRIPTIONS } from '#shared/contracts/subscriptions.ts';

const SAMPLES = join(import.meta.dirname, 'samples');
const Sample = z.record(z.string(), z.unknown());
/** A stored message of a released version: it must stay readable as long as the version is in use. */
const sample = (name: string) => Sample.parse(JSON.parse(readFileSync(join(SAMPLES, `${name}.json`), 'utf8')));

const events = Object.keys(EVENTS) as EventName[];
const messages = {
  'Report.v1': ReportV1,
  'InHouseMessage.v1': InHouseMessageV1,
  'IntakeMessage.v1': IntakeMessageV1,
  'DueMessage.v1': DueMessage,
  'ExportMessage.v1': ExportMessageV1,
};
const data = (event: Record<string, unknown>) => Sample.parse(event.data);

test('every version has a stored sample, and every sample a version', () => {
  const stored = readdirSync(SAMPLES).map((file) => file.replace('.json', ''));
  expect(stored.sort()).toEqual([...events, ...Object.keys(messages)].sort());
});

describe.each(events.map((name) => ({ name })))('the event $name', ({ name }) => {
  test('is read from its stored sample with nothing lost', () => {
    expect(EVENTS[name].parse(sample(name))).toEqual(sample(name));
    expect(AnyEvent.parse(sample(name))).toEqual(sample(name));
  });

  test('is read with fields that a newer writer added', () => {
    const newer = { ...sample(name), addedLater: 1, data: { ...data(sample(name)), addedLater: { deep: true } } };
    expect(EVENTS[name].parse(newer)).toEqual(sample(name));
  });

  test('is refused under another name, and without what its envelope has to say', () => {
    expect(EVENTS[name].safeParse({ ...sample(name), type: 'Other.v1' }).success).toBe(false);
    const { correlationId: _, ...torn } = sample(name);
    expect(EVENTS[name].safeParse(torn).success).toBe(false);
    expect(EVENTS[name].safeParse({ ...sample(name), data: {} }).success).toBe(false);
  });
});

describe.each(Object.entries(messages).map(([name, contract]) => ({ name, contract })))(
  'the message $name',
  ({ name, contract }) => {
    test('is read from its stored sample with nothing lost', () => {
      expect(contract.parse(sample(name))).toEqual(sample(name));
    });
  },
);

test.each(['Report.v1', 'InHouseMessage.v1', 'IntakeMessage.v1'] as const)(
  'an unknown field of %s is refused',
  (name) => {
    const parsed = messages[name].safeParse({ ...sample(name), addedLater: 1 });
    expect(parsed.error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['addedLater'] }]);
  },
);

test('whoever subscribes names events that exist', () => {
  const named = Object.values(SUBSCRIPTIONS).flatMap((names) => (names === 'everything' ? [] : names));
  expect(named.filter((name) => !events.some((event) => event === name))).toEqual([]);
});
