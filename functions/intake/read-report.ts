import type * as z from 'zod';
import { occurredAtInstant, type ReportV1 } from '#shared/contracts/report.v1.ts';
import { type Instant, plusSeconds, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import type { Fault } from '#shared/domain/refusal.ts';

/** A fault of a report: `path` for its sender, who chose the names in it, `ownPath` with names of ours alone (T-2). */
export interface ReportFault extends Fault {
  readonly ownPath: string;
}
/** What was read, or everything that is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly faults: readonly ReportFault[] };

/** The field whose keys are the sender's own. */
const FREE_FIELD = 'attributes';

/**
 * Reads a report's bytes (I-3): UTF-8, JSON, nested at most `maxDepth` deep, and as the contract says. Nothing of it
 * is quoted in a fault's message.
 *
 * @param maxDepth levels of objects and lists; the report itself is the first
 */
export function readReport<T>(bytes: Uint8Array, contract: z.ZodType<T>, maxDepth: number): Read<T> {
  const json = parseJson(bytes);
  if ('faults' in json) return json;
  const tooDeep = firstDeeperThan(maxDepth, json.value);
  if (tooDeep !== undefined) return faulty(`is nested deeper than ${maxDepth} levels`, tooDeep);
  const parsed = contract.safeParse(json.value);
  if (parsed.success) return { value: parsed.data };
  return { faults: parsed.error.issues.flatMap(faultsOf) };
}

/**
 * Refuses a report that happened later than `intake.aheadSeconds` after its receipt; any past is fine (I-5).
 *
 * @returns the fault, or undefined
 */
export function aheadOfReceipt(
  report: ReportV1,
  receivedAt: Instant,
  policy: Policy,
  zone: TimeZone,
): Fault | undefined {
  const { aheadSeconds } = policy.intake;
  const latest = plusSeconds(receivedAt, aheadSeconds);
  if (occurredAtInstant(report.occurredAt, zone) <= latest) return undefined;
  return { path: 'occurredAt', message: `is over ${aheadSeconds} seconds ahead of its receipt` };
}

function parseJson(bytes: Uint8Array): Read<unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return faulty('is not UTF-8');
  }
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return faulty('is not JSON');
  }
}

function faulty(message: string, path = ''): { readonly faults: readonly ReportFault[] } {
  return { faults: [{ path, message, ownPath: '' }] };
}

/** The path of a first value that lies too deep. It walks with a list of its own, so that no depth overflows the stack. */
function firstDeeperThan(maxDepth: number, root: unknown): string | undefined {
  const open: { readonly value: unknown; readonly path: readonly string[] }[] = [{ value: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= maxDepth) return path.join('.');
    for (const [key, inner] of Object.entries(value)) open.push({ value: inner, path: [...path, key] });
  }
  return undefined;
}

function faultsOf(issue: z.core.$ZodIssue): ReportFault[] {
  const { path } = issue;
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: path.join('.'), message: issue.message, ownPath: ownPart(path).join('.') }];
  }
  const ownPath = ownPart(path).join('.');
  return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a field of a report', ownPath }));
}

function ownPart(path: readonly PropertyKey[]): readonly PropertyKey[] {
  const free = path.indexOf(FREE_FIELD);
  return free < 0 ? path : path.slice(0, free + 1);
}
