import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { checkStores, GEARS, type GearTable } from '#shared/adapters/check-stores.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { eventBridgeBus } from '#shared/adapters/event-bus.ts';
import { epochSeconds } from '#shared/domain/calendar/civil-date.ts';
import { type CheckedHour, checkHour } from '#shared/domain/insights/check-commits.ts';
import { type Hour, hourOf, hoursBetween, startOf } from '#shared/domain/insights/hour.ts';
import { type OperatedEnvironment, outputsOf } from '../operated-environment.ts';

export interface Republishing {
  readonly hours: readonly Hour[];
  /** Tells what is missing and changes nothing. */
  readonly dryRun: boolean;
  readonly out: (line: string) => void;
}

/**
 * Publishes again, over some hours, exactly the events that were never counted (architecture 3.6): what the hourly check
 * does, without its progress and its patience. Safe to repeat.
 *
 * A commit that cannot be read is named and keeps no other back.
 *
 * @returns whether nothing is left to do: nothing was missing, or the bus took it, and every commit could be read
 */
export async function republishCommits(environment: OperatedEnvironment, asked: Republishing): Promise<boolean> {
  const { hours, dryRun, out } = asked;
  const names = outputsOf(environment, 'CasesTable', 'ScorecardsTable', 'ImprovementTable', 'BusName');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
  const { CasesTable: cases, ScorecardsTable: scorecards, ImprovementTable: improvement } = names;
  const tables = dynamoTables(client, { cases, scorecards, improvement });
  const bus = eventBridgeBus(new EventBridgeClient(environment.client), names.BusName);
  const gears: readonly GearTable[] = ['cases', 'scorecards'];
  const checked: CheckedHour[] = [];
  for (const hour of hours) {
    for (const gear of gears) {
      const found = await checkHour(hour, { ...checkStores(tables, gear), bus }, !dryRun);
      checked.push(found);
      for (const line of linesOf(found, GEARS[gear], dryRun)) out(line);
    }
  }
  const sum = (of: (found: CheckedHour) => number) => checked.reduce((total, found) => total + of(found), 0);
  const [missing, published] = [sum((found) => found.missing), sum((found) => found.published)];
  const unreadable = sum((found) => found.unreadable.length);
  if (unreadable > 0)
    out(`${unreadable} commits cannot be read: mend them (docs/operations/alarms/commits-unreadable.md)`);
  const result = dryRun ? 'none published, as asked' : `${published} published again`;
  out(
    `${hours.length} hours, ${sum((found) => found.commits)} commits: ${missing} events were never counted, ${result}`,
  );
  return unreadable === 0 && (dryRun ? missing === 0 : published === missing);
}

function linesOf(found: CheckedHour, source: string, dryRun: boolean): readonly string[] {
  const at = `${found.hour} ${source}:`;
  const unreadable = found.unreadable.map(({ key, why }) => `${at} commit ${key} cannot be read: ${why}`);
  if (found.missing === 0) return unreadable;
  const done = dryRun ? '' : `, ${found.published} published again`;
  return [
    ...unreadable,
    `${at} ${found.missing} events of ${found.commits} commits missing${done}`,
    ...found.refused.map((error) => `  not published: ${error instanceof Error ? error.message : String(error)}`),
  ];
}

/** More are asked for by mistake, or one range after the other. */
const MOST_HOURS = 24 * 31;

/**
 * The hours from one instant up to another, without the one that begins there.
 * @throws RangeError saying what a range is
 */
export function hoursOfRange(from: string | undefined, to: string | undefined): readonly Hour[] {
  const [first, last] = [hourAt('--from', from), hourAt('--to', to)];
  const hours = hoursBetween(first, last);
  if (hours.length === 0) throw new RangeError(`--to comes after --from; got ${from} to ${to}`);
  if (hours.length > MOST_HOURS)
    throw new RangeError(`one run takes at most ${MOST_HOURS} hours, a month; got ${hours.length}`);
  return hours;
}

function hourAt(option: string, text: string | undefined): Hour {
  if (text === undefined) throw new RangeError(`name the range: --from 2026-11-22T09:00Z --to 2026-11-22T12:00Z`);
  const instant = text.replace(/T(\d\d:\d\d)(?=Z|[+-])/, 'T$1:00');
  const hour = hourIn(instant);
  if (hour === undefined || epochSeconds(startOf(hour)) !== epochSeconds(instant))
    throw new RangeError(`${option} is the start of an hour, like 2026-11-22T09:00Z; got ${text}`);
  // JavaScript takes 30 February for 2 March, and 24:00 for the next day.
  const written = instant.slice(0, 13);
  if (hourIn(startOf(written)) !== written) throw new RangeError(`${option}: there is no such hour as ${text}`);
  return hour;
}

/** Undefined where the text is no instant. */
function hourIn(instant: string): Hour | undefined {
  try {
    return hourOf(instant);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
