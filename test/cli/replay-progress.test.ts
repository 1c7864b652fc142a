import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { showProgress } from '#infra/cli/replay/progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('why some rows wait is said also while others go on, and not for long after', () => {
  const said: string[] = [];
  const progress = showProgress(1, 0, undefined, (line) => void said.push(line));
  vi.advanceTimersByTime(1_000);
  progress.waiting('503 from /intake/web');
  progress.sent();
  vi.advanceTimersByTime(4_000);
  expect(said[0]).toMatch(/^1 of 1 row \(100 %\).*, waiting: 503 from/);
  vi.advanceTimersByTime(5_000);
  expect(said[1]).not.toContain('waiting');
  progress.stop();
});
