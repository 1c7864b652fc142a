import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';

/** One of its own, whose clock nobody has moved yet. */
let system: RunningInterlock;
beforeAll(async () => {
  system = await startInterlock();
});
afterAll(() => system?.stop());

/** The blocks of one of the README's sections as they stand there, in their order. */
function tour(title = '### A first tour'): string {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const section = readme.split(title)[1]?.split(/^### /m)[0] ?? '';
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n');
}

test('the README’s tour leads from a report to the explanation of its points', () => {
  const script = tour().replace('http://127.0.0.1:4400', system.url);
  const printed = execFileSync('bash', ['-euc', script], { encoding: 'utf8', timeout: 120_000 });
  for (const command of ['assignment', 'investigation', 'cause-report', 'determination', 'notice'])
    expect(printed).toContain(`${command} 200`);
  expect(printed).toContain('"rule":"S-5"');
  // The sample dispute's points are posted with the tour's, at the latest by the next minute's sweep on a busy machine.
  const again = `curl -s ${system.url}/_local/clock -d '{"advance":"PT1M"}'; sleep 2\n${script.trim().split('\n').at(-1)}`;
  const setting = script.split('\n').filter((line) => /^(URL|token|as|DECIDER)\b/.test(line));
  setting.push(`MONTH=${/"period":"(\d{4}-\d{2})"/.exec(printed)?.[1]}`);
  const later = execFileSync('bash', ['-euc', [...setting, again].join('\n')], { encoding: 'utf8', timeout: 60_000 });
  expect(later).toContain('"adjustments":"-12.00"');

  const goesOn = [...setting, tour('### The tour goes on')].join('\n');
  const proven = execFileSync('bash', ['-euc', goesOn], { encoding: 'utf8', timeout: 120_000 });
  expect(proven).toContain(',E-204,');
  expect(proven).toMatch(/manifest/);
  expect(proven).toContain('"revision":');
  expect(proven).toContain('# ');
  expect(readFileSync('/tmp/review.html', 'utf8')).toContain('復盤');
});

test('the lines that the start prints work as they stand', () => {
  const lines = system.printed().split('Try next:\n')[1]?.split('\n\n')[0] ?? '';
  expect(lines.trim().split('\n')).toHaveLength(3);
  const printed = execFileSync('bash', ['-euc', lines], { encoding: 'utf8', timeout: 60_000 });
  expect(printed).toContain('"disputeId"');
  expect(printed).toContain('"entries"');
});
