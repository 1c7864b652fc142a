import { expect, it } from 'vitest';
import { finishResponsibility } from '#functions/disputes/finish-responsibility.ts';
import { scorecardAnswers } from '#functions/scorecards/answer-scorecards.ts';
import { postGroupOf } from '#functions/scoring/post-group.ts';
import { recordStake } from '#functions/scoring/record-stake.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { ScoringEventV1 } from '#shared/contracts/items/scoring-item.ts';
import { StakeEventV1 } from '#shared/contracts/items/stake-item.ts';
import type { Instant } from '#shared/domain/calendar/civil-date.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { DisputeCommand } from '#shared/domain/dispute/commands.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import { type Commit, commitOf } from '#shared/domain/event.ts';
import { isRefusal } from '#shared/domain/refusal.ts';
import { accepted, DECIDER, DETERMINATION, INVESTIGATION, open, REPORT } from '#test/support/disputes.ts';
import { cardLines, gear } from './gear.ts';
import { actor, id } from './scored-events.ts';

/** A dispute of 150,000.00 CNY with its real decisions, whose events performance hears in reverse order and twice. */
async function world() {
  const opened = open({ amount: { minor: 15_000_000, currency: 'CNY' } });
  if (isRefusal(opened)) throw new Error(JSON.stringify(opened));
  const system = await gear(opened.dispute.openedAt);
  const { ports, clock, memory } = system;
  const disputes = disputeStore(memory, clock);
  let state: Dispute = opened.dispute;
  await disputes.save(state, opened.commit);

  async function hear(events: Commit['events']): Promise<void> {
    for (const event of [...events, ...events].toReversed()) {
      const scored = ScoringEventV1.safeParse(event);
      if (scored.success) await scoreDispute(scored.data, ports);
      const staked = StakeEventV1.safeParse(event);
      if (staked.success) await recordStake(staked.data, ports);
    }
  }
  async function give(command: DisputeCommand, change: Parameters<typeof accepted>[2] = {}): Promise<void> {
    const now = clock.advance(60);
    const events = accepted(state, command, { now, ...change });
    const next = evolveAll(state, events, now);
    const commit = commitOf(
      state.disputeId,
      next.version,
      events,
      now,
      { causationId: 'c', correlationId: 'f', by: 'x' },
      id,
    );
    await disputes.save(next, commit);
    state = next;
    await hear(commit.events);
  }
  /** The window ends, the group is posted, and the dispute hears of it. */
  async function waitUntil(instant: Instant): Promise<void> {
    clock.set(instant);
    await postGroupOf({ kind: 'group', pk: `SCORING#${state.disputeId}`, dueAt: instant }, ports);
    const posted = memory.dump().scorecards.flatMap((item) => {
      const parsed = CommitItem.safeParse(item);
      return parsed.success ? parsed.data.commit.events : [];
    });
    for (const event of posted) {
      const read = EntriesPostedV1.safeParse(event);
      if (read.success) await finishResponsibility(read.data, { disputes, clock, id });
    }
    state = (await disputes.load(state.disputeId)) ?? state;
  }
  await hear(opened.commit.events);
  return { ...system, give, waitUntil, state: () => state };
}

it('the whole story: at stake, pending, posted, rated, reopened, and re-posted by a second determination in one act', async () => {
  const { give, waitUntil, state, ...system } = await world();
  const cardOfLogistics = async () =>
    (
      await scorecardAnswers(system.ports)['GET /scorecards/{subject}/{period}']({
        actor: actor('E-201', 'head'),
        params: { subject: 'logistics', period: '2026-11' },
        query: {},
        body: undefined,
        correlationId: 'f',
        requestId: 'r',
      })
    ).body;
  expect(state().grade.level).toBe(2);
  expect(await cardOfLogistics()).toMatchObject({ atStake: { disputes: 1, points: '-10.00' } });

  await give(INVESTIGATION);
  await give(REPORT);
  await give(DETERMINATION, { actor: DECIDER });
  expect(cardLines(system)).toEqual([]);
  expect(await cardOfLogistics()).toMatchObject({ atStake: { awaitingNotice: 1 } });

  await give({ command: 'notice' }, { actor: DECIDER });
  expect(await cardOfLogistics()).toMatchObject({ atStake: { disputes: 0, points: '0.00' }, pendingPoints: '-1.00' });
  const windowEndsAt = state().notice?.windowEndsAt ?? '';
  await waitUntil(windowEndsAt);
  expect(state().responsibility).toBe('noticed');
  await waitUntil(plusSeconds(windowEndsAt, 1));
  expect(state().responsibility).toBe('final');

  await give({ command: 'assignment', assignee: 'E-603' });
  await give({ command: 'resolution' });
  await give({ command: 'rating', value: 'dissatisfied' });
  await give({ command: 'closure' });
  expect(cardLines(system)).toEqual([
    'E-201 2026-11 S-5 -300 posted',
    'E-204 2026-11 S-5 -600 posted',
    'logistics 2026-11 S-1 -500 posted',
    'logistics 2026-11 S-5 -100 posted',
  ]);
  expect(await cardOfLogistics()).toMatchObject({ adjustments: '-6.00', result: '94.00' });

  await give({ command: 'reopening' });
  await give(
    { ...DETERMINATION, shares: [...DETERMINATION.shares.slice(1), { kind: 'direct', subject: 'E-203', bp: 6000 }] },
    { actor: DECIDER },
  );
  await give({ command: 'notice' }, { actor: DECIDER });
  expect(await cardOfLogistics()).toMatchObject({ adjustments: '-6.00', pendingPoints: '-1.00' });
  await waitUntil(plusSeconds(state().notice?.windowEndsAt ?? '', 1));
  expect(cardLines(system)).toEqual([
    'E-201 2026-11 S-5 -300 posted',
    'E-201 2026-11 S-5 -300 posted',
    'E-201 2026-11 S-5 300 posted',
    'E-203 2026-11 S-5 -600 posted',
    'E-204 2026-11 S-5 -600 posted',
    'E-204 2026-11 S-5 600 posted',
    'logistics 2026-11 S-1 -500 posted',
    'logistics 2026-11 S-5 -100 posted',
    'logistics 2026-11 S-5 -100 posted',
    'logistics 2026-11 S-5 100 posted',
  ]);
  expect(state().responsibility).toBe('final');
});
