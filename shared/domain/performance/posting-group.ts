import type { Instant } from '../calendar/civil-date.ts';
import type { CaseHeader } from '../dispute/dispute-events.ts';
import type { Decided } from '../event.ts';
import { type Entry, type EntryInputs, type Grounds, type Line, oppositeOf, totalsOf } from './entry.ts';
import type { EntriesPending, EntriesPosted, EntriesVoided } from './performance-events.ts';
import { effectOf } from './points.ts';

/** Entries that count together or not at all (S-12), as the dispute's scoring remembers them. */
export interface PostingGroup {
  readonly groupId: string;
  /** What caused it said of the dispute; what becomes of the group is told under the same header. */
  readonly dispute: CaseHeader;
  readonly correlationId: string;
  readonly grounds: Grounds;
  /** Of a rating's group: the department whose rating it is. */
  readonly ratedDepartment?: string;
  readonly lines: readonly Line[];
}

/** One line of a group to be, with what its rule was given. */
export interface PlannedLine {
  readonly line: Omit<Line, 'entryId' | 'effect'>;
  readonly inputs: EntryInputs;
}

/** What one decision writes: entries, and the events that tell of them. */
export interface Act {
  readonly entries: readonly Entry[];
  readonly event: Decided<EntriesPending | EntriesPosted | EntriesVoided>;
}

/** What writing needs besides the facts. */
export interface Writing {
  readonly now: Instant;
  /** UUIDv5 over its parts. */
  readonly id: (...parts: string[]) => string;
}

/** Writes a group as pending (S-13). */
export function openGroup(
  group: Omit<PostingGroup, 'lines'>,
  planned: readonly PlannedLine[],
  writing: Writing,
): { readonly group: PostingGroup; readonly act: Act } {
  const withIds = planned.map(({ line, inputs }) => {
    const holder = [line.subject.id, line.share?.kind ?? ''];
    const entryId = writing.id('entry', group.groupId, line.rule, ...holder);
    return { line: { ...line, entryId, effect: effectOf(inputs) }, inputs };
  });
  const opened: PostingGroup = { ...group, lines: withIds.map(({ line }) => line) };
  const entries = withIds.map(({ line, inputs }) => entryOf(opened, line, inputs, writing.now));
  const { windowEndsAt } = group.grounds;
  const data = {
    ...told(opened, entries),
    totals: totalsOf(opened.lines),
    ...(windowEndsAt && { windowEndsAt }),
  };
  return {
    group: opened,
    act: { entries, event: { type: 'EntriesPending.v1', policyVersion: group.grounds.policyVersion, data } },
  };
}

/**
 * Posts a group, and takes back the posted one that it replaces, in one act: the reversing entries belong to the new
 * group and stand on the cards and months of the entries that they reverse (D-3, S-13).
 */
export function postGroup(group: PostingGroup, replaces: PostingGroup | undefined, writing: Writing): Act {
  const reversals = replaces ? reversalsOf(group.groupId, replaces, writing) : [];
  const entries = [
    ...reversals.map(({ line, inputs }) => entryOf(group, line, inputs, writing.now)),
    ...wordsOn(group, [...group.lines, ...reversals.map(({ line }) => line)], 'posted', writing),
  ];
  return {
    entries,
    event: {
      type: 'EntriesPosted.v1',
      policyVersion: group.grounds.policyVersion,
      data: {
        ...told(group, entries),
        totals: totalsOf(group.lines),
        reversals: totalsOf(reversals.map(({ line }) => line)),
        ...(replaces && { reversedGroupId: replaces.groupId }),
      },
    },
  };
}

/** Takes a posted group back without one in its place: a group of nothing but reversing entries, posted at once. */
export function reverseGroup(group: Omit<PostingGroup, 'lines'>, replaces: PostingGroup, writing: Writing): Act {
  return postGroup({ ...group, lines: [] }, replaces, writing);
}

/** Ends a pending group that will never count. */
export function voidGroup(group: PostingGroup, because: EntriesVoided['data']['because'], writing: Writing): Act {
  const entries = wordsOn(group, group.lines, 'void', writing);
  const data = { ...told(group, entries), totals: totalsOf(group.lines), because };
  return { entries, event: { type: 'EntriesVoided.v1', policyVersion: group.grounds.policyVersion, data } };
}

function told({ dispute, groupId, grounds }: PostingGroup, entries: readonly Entry[]) {
  const { basis, determinationId } = grounds;
  const ids = entries.map(({ entryId }) => entryId);
  const of = basis === 'determination' && { determinationId };
  return { dispute, groupId, basis, ...of, entries: ids };
}

function entryOf(
  { groupId, grounds }: PostingGroup,
  { effect, ...line }: Line,
  inputs: EntryInputs,
  now: Instant,
): Entry {
  const kind = 'points' in effect ? 'points' : 'percent';
  return { ...grounds, ...line, ...effect, groupId, kind, inputs, recordedAt: now };
}

/** One word on a group on each card that it stands on. */
function wordsOn(group: PostingGroup, lines: readonly Line[], kind: 'posted' | 'void', { now, id }: Writing): Entry[] {
  const cards = new Map(lines.map((line) => [JSON.stringify([line.subject.id, line.period]), line]));
  return [...cards.values()].map(({ subject, department, period }) => ({
    ...group.grounds,
    entryId: id('entry', group.groupId, kind, subject.id, period),
    groupId: group.groupId,
    kind,
    subject,
    ...(department && { department }),
    period,
    rule: 'S-13',
    recordedAt: now,
  }));
}

function reversalsOf(groupId: string, replaces: PostingGroup, { id }: Writing) {
  return replaces.lines.map((line) => {
    const inputs: EntryInputs = { rule: 'reversal', reversed: line.effect };
    const entryId = id('entry', groupId, 'reverses', line.entryId);
    return { line: { ...line, entryId, effect: oppositeOf(line.effect), reverses: line.entryId }, inputs };
  });
}
