import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { SourceSecrets } from '#shared/domain/ports/source-secrets.ts';
import { type MovableClock, movableClock } from '../support/movable-clock.ts';

/**
 * What every version of `SourceSecrets` does (I-3).
 *
 * @param open gives secrets that nobody used before, on the given clock, without a cache
 */
export function describeSourceSecrets(version: string, open: (clock: MovableClock) => SourceSecrets): void {
  const opened = () => {
    const clock = movableClock('2026-11-20T00:00:00Z');
    const secrets = open(clock);
    return {
      clock,
      secrets,
      rotate: (overlapSeconds: number) => secrets.rotate('phone', clock.now(), overlapSeconds, 2),
    };
  };

  describe(`the sources' secrets ${version}`, () => {
    test('a source that never got a secret has none', async () => {
      expect(await opened().secrets.active('phone')).toEqual([]);
    });

    test('a new secret signs by Standard Webhooks, and no two are alike', async () => {
      const { rotate } = opened();
      const [first, second] = [await rotate(60), await rotate(60)];
      expect(first).not.toBe(second);
      const now = new Date();
      const signature = new Webhook(first).sign('msg_1', now, '{}');
      const headers = {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': signature,
      };
      expect(new Webhook(first).verify('{}', headers)).toEqual({});
      expect(() => new Webhook(`whsec_${randomBytes(32).toString('base64')}`).verify('{}', headers)).toThrow();
      expect(Buffer.from(first.replace('whsec_', ''), 'base64')).toHaveLength(32);
    });

    test('the secret before stays active until the overlap ends, not a second longer', async () => {
      const { clock, secrets, rotate } = opened();
      const first = await rotate(60);
      clock.advance(1000);
      const second = await rotate(60);
      expect(await secrets.active('phone')).toEqual([second, first]);
      clock.advance(59);
      expect(await secrets.active('phone')).toEqual([second, first]);
      clock.advance(1);
      expect(await secrets.active('phone')).toEqual([second]);
    });

    test('older secrets end at once, and the second rotation does not prolong the first overlap', async () => {
      const { clock, secrets, rotate } = opened();
      await rotate(60);
      const second = await rotate(60);
      const third = await rotate(60);
      expect(await secrets.active('phone')).toEqual([third, second]);
      clock.advance(60);
      expect(await secrets.active('phone')).toEqual([third]);
    });

    test('without an overlap only the new secret is active', async () => {
      const { secrets, rotate } = opened();
      await rotate(0);
      const second = await rotate(0);
      expect(await secrets.active('phone')).toEqual([second]);
    });

    test('each source has its own', async () => {
      const { clock, secrets, rotate } = opened();
      const phone = await rotate(60);
      const chat = await secrets.rotate('chat', clock.now(), 60, 2);
      expect(await secrets.active('phone')).toEqual([phone]);
      expect(await secrets.active('chat')).toEqual([chat]);
    });

    test('a source that is no id, or a broken overlap, is a RangeError', async () => {
      const { clock, secrets, rotate } = opened();
      for (const source of ['', '../digest', 'a b']) {
        await expect(secrets.active(source)).rejects.toThrow(RangeError);
        await expect(secrets.rotate(source, clock.now(), 60, 2)).rejects.toThrow(RangeError);
      }
      await expect(rotate(-1)).rejects.toThrow(RangeError);
      await expect(rotate(0.5)).rejects.toThrow(RangeError);
      expect(await secrets.active('phone')).toEqual([]);
    });
  });
}
