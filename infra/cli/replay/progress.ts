import { Presets, SingleBar } from 'cli-progress';
import { countOf, figure } from './words.ts';

/** How far a replay is, for whoever looks on. */
export interface Progress {
  sent(): void;
  /** Why a row has to be sent again. */
  waiting(why: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;
/** Longer than any wait before a row is sent again. */
const REMEMBERED_MS = 6_000;

/** A bar on a terminal; elsewhere a plain line every five seconds. */
export function showProgress(
  rows: number,
  from: number,
  stream: NodeJS.WriteStream | undefined,
  tell: (line: string) => void,
): Progress {
  return stream?.isTTY ? bar(rows, from, stream) : lines(rows, from, tell);
}

function bar(rows: number, from: number, stream: NodeJS.WriteStream): Progress {
  const format = '{bar} {percentage}% | {value} of {total} rows | {rate}/s | {eta_formatted} left {why}';
  const single = new SingleBar({ format, stream, etaBuffer: 500, hideCursor: true, fps: 5 }, Presets.shades_classic);
  const pace = measure(rows, from);
  const reason = remembered('| ');
  single.start(rows, from, { rate: '-', why: '' });
  return {
    sent() {
      pace.sent();
      single.update(pace.done(), { rate: pace.rate(), why: reason.now() });
    },
    waiting(given) {
      reason.heard(given);
      single.update(pace.done(), { why: reason.now() });
    },
    stop: () => single.stop(),
  };
}

function lines(rows: number, from: number, tell: (line: string) => void): Progress {
  const pace = measure(rows, from);
  const reason = remembered(', ');
  const timer = setInterval(() => tell(`${pace.line()}${reason.now()}`), LINE_EVERY_MS).unref();
  return {
    sent: () => pace.sent(),
    waiting: (given) => reason.heard(given),
    stop: () => clearInterval(timer),
  };
}

/** Some rows may wait while others go on: a reason stands until it has not been heard for a while. */
function remembered(before: string) {
  let reason = '';
  let heardAt = 0;
  return {
    heard(given: string) {
      reason = given;
      heardAt = performance.now();
    },
    now: () => (reason !== '' && performance.now() - heardAt < REMEMBERED_MS ? `${before}waiting: ${reason}` : ''),
  };
}

/** Counts rows and says how fast they go, over this run. */
function measure(rows: number, from: number) {
  const began = performance.now();
  let done = from;
  const perSecond = () => ((done - from) * 1_000) / Math.max(1, performance.now() - began);
  return {
    sent() {
      done += 1;
    },
    done: () => done,
    rate: () => figure(Math.round(perSecond())),
    line() {
      const share = rows === 0 ? 100 : Math.floor((done * 100) / rows);
      const left = perSecond() > 0 ? `${figure(Math.ceil((rows - done) / perSecond()))} s left` : 'no estimate yet';
      return `${figure(done)} of ${countOf(rows, 'row')} (${share} %), ${figure(Math.round(perSecond()))}/s, ${left}`;
    },
  };
}
