import { afterAll, expect } from 'vitest';
import { theIntake } from '#test/e2e/intake.ts';
import { theStory } from '#test/e2e/story.ts';
import type { Answer, System } from '#test/e2e/system.ts';
import { inMemorySystem } from '#test/simulation/in-memory-system.ts';
import { breachesOf } from '#test/support/kept-contract.ts';

const answered = new Set<string>();

/** The system with every answer held to what `openapi.json` says of its route. */
async function heldToContract(): Promise<System> {
  const system = await inMemorySystem('policy-1');
  const kept = (method: string, path: string, answer: Answer): Answer => {
    const fromGateway = answer.body === undefined;
    expect(fromGateway ? [] : breachesOf(method, path, answer), `${method} ${path} ${answer.status}`).toEqual([]);
    answered.add(
      `${method} ${path
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')
        .replace(/desk-\d+/, '{desk}')
        .replace(/\?.*/, '')}`,
    );
    return answer;
  };
  return {
    ...system,
    call: async (method, path, ...rest) => kept(method, path, await system.call(method, path, ...rest)),
    deliver: async (webhook) => kept('POST', `/intake/${webhook.source}`, await system.deliver(webhook)),
  };
}

theStory(heldToContract);
theIntake(heldToContract);

afterAll(() => {
  expect([...answered]).toEqual(
    expect.arrayContaining([
      'POST /intake/phone',
      'GET /disputes/{id}',
      'POST /disputes/{id}/determination',
      'POST /alerts/{id}/acknowledgement',
      'GET /scorecards/logistics/2026-11/explanation',
      'PUT /sources/{desk}',
      'GET /intake/dead-messages',
      'POST /intake/dead-messages/{id}/return',
    ]),
  );
});
