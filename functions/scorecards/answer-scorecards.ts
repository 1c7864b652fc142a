import type { EndpointsOf, RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, type Reply } from '#shared/contracts/api/request.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import { dayIn, type Instant, type Month, monthIn, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { inOrder } from '#shared/domain/in-order.ts';
import { atStakeOf, type Card, cardOf, cardPolicy, maySeeCard, showsStakes } from '#shared/domain/performance/card.ts';
import { type Entry, type EntryStatus, withStatus } from '#shared/domain/performance/entry.ts';
import { explain } from '#shared/domain/performance/explanation.ts';
import { isActiveIn, type Subject } from '#shared/domain/policy/directory.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Ledger } from '#shared/domain/ports/ledger.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { StakeStore } from '#shared/domain/ports/stake-store.ts';
import { UnknownCursor } from '#shared/domain/ports/tables.ts';
import { cardBody, entryBody, stepBody } from './card-body.ts';

export interface ScorecardPorts {
  readonly ledger: Ledger;
  readonly stakes: StakeStore;
  readonly reference: Reference;
  readonly clock: Clock;
  /** The organisation's. */
  readonly zone: TimeZone;
}

/** What answers each route of scorecards. */
export function scorecardAnswers(ports: ScorecardPorts): EndpointsOf<'scorecards/answer-scorecards'> {
  return {
    'GET /scorecards': (request) => listCards(request, ports),
    'GET /scorecards/{subject}/{period}': (request) => readCard(request, ports),
    'GET /scorecards/{subject}/{period}/explanation': (request) => explainCard(request, ports),
    'GET /scorecards/{subject}/{period}/entries': (request) => listEntries(request, ports),
  };
}

/** Cards whose entries are read at a time. */
const CARDS_AT_ONCE = 16;

/**
 * The cards of a month that the caller may see, by kind and id; the running month when none is named. Whoever is not
 * active in it has a card where entries stand on it.
 */
async function listCards(request: RequestOf<'GET /scorecards'>, ports: ScorecardPorts): Promise<Reply> {
  const { actor, query } = request;
  const now = ports.clock.now();
  const { period = monthIn(ports.zone, now), department, limit, cursor } = query;
  const [directory, policies] = await Promise.all([ports.reference.directory(), ports.reference.policies()]);
  const policy = policyOf(policies, period, now, ports.zone);
  if (!policy) return { status: 200, body: { items: [] } };
  const subjects = [...directory.values()]
    .filter((subject) => maySeeCard(actor, subject))
    .filter((subject) => department === undefined || subject.department === department)
    .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const rest = afterCursor(subjects, placeOf, cursor);
  const found: Seen[] = [];
  const read = async (subject: Subject): Promise<Seen> => {
    const entries = withStatus(await ports.ledger.entries(subject.id, period));
    return { actor, subject, period, entries, policy, now };
  };
  for await (const seen of inOrder(rest, CARDS_AT_ONCE, read)) {
    if (hasCard(seen)) found.push(seen);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  const items = await Promise.all(page.map(async (seen) => cardBody(await cardFor(seen, ports))));
  return { status: 200, body: { items, ...(last && { next: placeOf(last.subject) }) } };
}

/** One card (section 7). */
async function readCard(
  request: RequestOf<'GET /scorecards/{subject}/{period}'>,
  ports: ScorecardPorts,
): Promise<Reply> {
  const seen = await look(request, ports);
  return seen ? { status: 200, body: cardBody(await cardFor(seen, ports)) } : notFound();
}

/** Every point of a card (S-19): the sum of the posted entries is the card. */
async function explainCard(
  request: RequestOf<'GET /scorecards/{subject}/{period}/explanation'>,
  ports: ScorecardPorts,
): Promise<Reply> {
  const seen = await look(request, ports);
  if (!seen) return notFound();
  const disputes = [...new Set(seen.entries.map(({ disputeId }) => disputeId))];
  const [card, stakes] = await Promise.all([cardFor(seen, ports), ports.stakes.loadMany(disputes)]);
  const misses = new Map(
    stakes.flatMap(({ disputeId, grade }) =>
      grade?.nearestMiss ? [[disputeId, { level: grade.level, miss: grade.nearestMiss }]] : [],
    ),
  );
  const { steps } = explain(card, seen.entries, {
    policy: (version) => {
      const found = seen.policies.find((policy) => policy.version === version);
      if (!found) throw new RangeError(`policy ${version} was never published`);
      return found;
    },
    nearestMiss: (disputeId) => misses.get(disputeId),
  });
  return { status: 200, body: { card: cardBody(card), entries: steps.map(stepBody) } };
}

/** A card's ledger, oldest first, with the words on its groups. */
async function listEntries(
  request: RequestOf<'GET /scorecards/{subject}/{period}/entries'>,
  ports: ScorecardPorts,
): Promise<Reply> {
  const seen = await look(request, ports);
  if (!seen) return notFound();
  const { limit, cursor } = request.query;
  const rest = afterCursor(seen.entries, orderOf, cursor);
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return { status: 200, body: { items: page.map(entryBody), ...(last && { next: orderOf(last) }) } };
}

/**
 * What comes after the item that a page ended with.
 * @throws UnknownCursor when no page of this list can have ended there
 */
function afterCursor<T>(items: readonly T[], placeIn: (item: T) => string, cursor: string | undefined): readonly T[] {
  if (cursor === undefined) return items;
  const index = items.findIndex((item) => placeIn(item) === cursor);
  if (index < 0) throw new UnknownCursor('cursor is not one that a page of this list gave');
  return items.slice(index + 1);
}

/** A card that exists for the caller, with what it is made of. */
interface Seen {
  readonly actor: Actor;
  readonly subject: Subject;
  readonly period: Month;
  readonly entries: readonly (Entry & { readonly status: EntryStatus })[];
  readonly policy: Policy;
  readonly now: Instant;
}

/** Undefined for what is unknown, somebody else's, or has no card in that month: the three look the same (T-1). */
async function look(
  { actor, params }: { readonly actor: Actor; readonly params: { readonly subject: string; readonly period: Month } },
  { reference, ledger, clock, zone }: ScorecardPorts,
): Promise<(Seen & { readonly policies: readonly Policy[] }) | undefined> {
  const { period } = params;
  const subject = (await reference.directory()).get(params.subject);
  if (!subject || !maySeeCard(actor, subject)) return undefined;
  const [policies, ledgerEntries] = await Promise.all([reference.policies(), ledger.entries(subject.id, period)]);
  const entries = withStatus(ledgerEntries);
  const now = clock.now();
  const policy = policyOf(policies, period, now, zone);
  if (!policy || !hasCard({ subject, period, entries })) return undefined;
  return { actor, subject, period, entries, policy, now, policies };
}

/** Who is active on any day of a month has a card, and whoever else has entries in it. */
function hasCard({ subject, period, entries }: Pick<Seen, 'subject' | 'period' | 'entries'>): boolean {
  return entries.length > 0 || isActiveIn(subject, period);
}

async function cardFor({ actor, subject, period, entries, policy, now }: Seen, ports: ScorecardPorts): Promise<Card> {
  const card = cardOf(subject, period, entries, policy, now);
  if (!showsStakes(actor, subject, period, now, ports.zone)) return card;
  return { ...card, atStake: atStakeOf(await ports.stakes.shown(subject.id)) };
}

/** Undefined for a month before the first policy, which has no cards. */
function policyOf(policies: readonly Policy[], period: Month, now: Instant, zone: TimeZone): Policy | undefined {
  return cardPolicy(policies, period, dayIn(zone, now));
}

function placeOf({ kind, id }: Subject): string {
  return `${kind}.${id}`;
}

function orderOf({ recordedAt, entryId }: Entry): string {
  return `${recordedAt}.${entryId}`;
}
