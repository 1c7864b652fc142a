import { describe, expect, test } from 'vitest';
import { barChart } from './bar-chart.ts';
import { pageOf, type Report } from './page.ts';

const report = (figures: Report['figures']): Report => ({
  startedAt: '2026-11-22T12:00:00.000Z',
  machine: { node: 'v24.0.0', platform: 'linux-x64', cores: 2, processor: 'some', memoryGiB: 8 },
  figures,
});

describe('the page of a run', () => {
  test('what falls short is told first, with its target, and stands out in the table', () => {
    const { markdown } = pageOf(
      report([
        { measurement: 'grading', what: 'times faster', value: 40, unit: 'times', target: { atLeast: 100 } },
        { measurement: 'start', what: 'new data', value: 4, unit: 's', target: { atMost: 10 } },
      ]),
    );
    expect(markdown).toContain('1 targets are met, 1 fall short');
    expect(markdown.indexOf('`grading`, times faster: 40 times, target at least 100')).toBeLessThan(
      markdown.indexOf('## '),
    );
    expect(markdown).toContain('| times faster | 40 | times | at least 100 | **falls short** |');
  });

  test('each measurement has its pictures, with a line at the target that its figures share', () => {
    const target = { atMost: 1.15 };
    const { markdown, pictures } = pageOf(
      report([
        { measurement: 'cold-start', what: 'worst function', value: 1.4, unit: 'times', target },
        { measurement: 'cold-start', what: 'clocks/sweep', value: 1.1, unit: 'times', target },
        { measurement: 'cold-start', what: 'alerts/raise-alert', value: 1.4, unit: 'times', target },
      ]),
    );
    expect(markdown).toContain('(cold-start.svg)');
    const picture = pictures.get('cold-start.svg') ?? '';
    expect(picture).toContain('at most 1.15');
    expect(picture.match(/class="met"/g)).toHaveLength(1);
    expect(picture.match(/class="short"/g)).toHaveLength(1);
    expect(picture).not.toContain('worst function');
  });

  test('a figure that came to nothing is left out', () => {
    expect(
      pageOf(report([{ measurement: 'cost', what: 'one dispute', value: null, unit: '' }])).markdown,
    ).not.toContain('##');
  });
});

describe('a bar chart', () => {
  test('is as long as its value, and says everything in words too', () => {
    const svg = barChart({
      title: 'A & B',
      bars: [
        { label: 'a', value: 1, text: '1 s' },
        { label: 'b', value: 2, text: '2 s' },
      ],
    });
    const [a = 0, b = 0] = [...svg.matchAll(/width="([\d.]+)" height="18"/g)].map(([, width]) => Number(width));
    expect(b).toBeCloseTo(2 * a, 0);
    expect(svg).toContain('<desc id="told">a: 1 s; b: 2 s</desc>');
    expect(svg).toContain('A &#38; B');
  });

  test('can be read on dark ground as well as on light', () => {
    expect(barChart({ title: 't', bars: [{ label: 'a', value: 0, text: '0' }] })).toContain(
      'prefers-color-scheme: dark',
    );
  });

  test('of nothing, or of what is no number, is refused', () => {
    expect(() => barChart({ title: 't', bars: [] })).toThrow(RangeError);
    expect(() => barChart({ title: 't', bars: [{ label: 'a', value: Number.NaN, text: '' }] })).toThrow(RangeError);
  });
});
