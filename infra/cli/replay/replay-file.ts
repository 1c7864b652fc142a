import { type CheckedFile, checkFile, formatOf, type ReplayFile, readRows } from './check-file.ts';
import { type Calling, PATIENCE, type Patience, Stopped } from './exchange.ts';
import { type FileFault, placed } from './file-lines.ts';
import { beyondTheDoor, type Looked, type Lost, lookAfterwards, lostOf } from './look-afterwards.ts';
import { cfpbMapping } from './mapping.ts';
import { type Progress, showProgress } from './progress.ts';
import { receiptsIn, receiptsPath } from './receipt-log.ts';
import {
  dayAt,
  imbalances,
  type Reconciled,
  reconcile,
  SETTLING,
  type Settling,
  summed,
  tableOf,
} from './reconcile.ts';
import {
  type Acknowledgements,
  acknowledgements,
  loadState,
  type Beginning as ResumeBeginning,
  type ResumeState,
  removeState,
  statePath,
  underWayIn,
} from './resume-state.ts';
import { connect, type Environment, type RunningSystem } from './running-system.ts';
import { type Sent, sendAll } from './send-all.ts';
import { type Door, openDoor } from './send-row.ts';
import { countOf, figure } from './words.ts';

/** What somebody asks for. */
export interface ReplayOptions {
  readonly file: string;
  readonly url: string;
  /** Rows per second. @default as fast as the system takes them */
  readonly rate?: number;
  /** Goes before the source of every row. */
  readonly source?: string;
  /** Ignores what an interrupted replay left. */
  readonly restart: boolean;
}

/** Where a replay runs. */
export interface Surroundings {
  readonly env: Environment;
  /** Where interrupted replays leave their state. */
  readonly stateFolder: string;
  /** Aborted to stop: rows under way are answered first. */
  readonly stop: AbortController;
  /** The result. */
  readonly out: (line: string) => void;
  /** Everything on the way there. */
  readonly tell: (line: string) => void;
  /** Where a bar may be drawn. */
  readonly terminal?: NodeJS.WriteStream;
  /** @default {@link PATIENCE} */
  readonly patience?: Patience;
  /** How long a first answer is waited for, in milliseconds. */
  readonly connectMs?: number;
  /** @default {@link SETTLING} */
  readonly settling?: Settling;
}

/** A broken export is named by its first faults; nothing of it is sent. */
const NAMED_FAULTS = 20;
const CONNECT_MS = 30_000;

/**
 * Feeds a file to a running system: reads all of it once, sends every row through the signed webhook, and reads the
 * reconciliation.
 *
 * @returns whether every row was taken and the books balance
 * @throws RangeError, BrokenFile or Stopped in words for whoever asked
 */
export async function replayFile(options: ReplayOptions, around: Surroundings): Promise<boolean> {
  const { file: path, source } = options;
  const { stop, tell, patience = PATIENCE } = around;
  const file: ReplayFile = { path, format: await formatOf(path), source, mapping: cfpbMapping };
  const checked = await check(file, tell);
  let progress: Progress | undefined;
  let told = false;
  const waiting = (why: string) => {
    if (progress) progress.waiting(why);
    else if (!told) tell(`waiting for ${options.url} (${why})`);
    told = true;
  };
  const calling: Calling = { patience, signal: stop.signal, waiting };
  const system = await connect(options.url, around.env, calling, around.connectMs ?? CONNECT_MS);
  // A source given for all rows, or by the mapping of an export, is right for all or for none.
  const rowsStandAlone = file.format === 'ndjson' && source === undefined;
  const runId = checked.digest.slice(0, 16);
  const door = await openDoor(system, { sources: checked.sources.keys(), runId, rowsStandAlone }, calling);
  // Who may not read the reconciliation learns it before anything is sent.
  const today = dayAt(system.zone, await door.now());
  const lostBefore = lostOf(summed([await system.reconciliation(today)]), checked.sources);
  const acknowledged = await begin(options, around, { checked, system, today, lostBefore });
  const from = acknowledged.state().acknowledged;
  progress = showProgress(checked.rows, from, around.terminal, tell);
  let sent: Sent;
  try {
    const rows = readRows(file);
    sent = await sendAll({ rows, from, door, rate: options.rate, acknowledged, stop, sent: () => progress?.sent() });
  } catch (error) {
    throw error instanceof Stopped ? new Stopped(`${error.message}\n${howToGoOn(acknowledged.state())}`) : error;
  } finally {
    progress.stop();
  }
  if (stop.signal.aborted) throw new Stopped(`interrupted. ${howToGoOn(acknowledged.state())}`);
  return finish({ checked, sent, acknowledged: acknowledged.state(), system, door }, options, around);
}

/** Reads the whole file. An export with a fault is not sent at all; of reports line by line, the others are. */
async function check(file: ReplayFile, tell: (line: string) => void): Promise<CheckedFile> {
  let told = 0;
  const checked = await checkFile(file, (fault: FileFault) => {
    told += 1;
    if (file.format === 'ndjson' || told <= NAMED_FAULTS) tell(`${file.path}: ${placed(fault)}`);
  });
  const { rows, faults } = checked;
  if (faults > 0 && file.format === 'csv') {
    const more = faults > NAMED_FAULTS ? `, the first ${NAMED_FAULTS} of them above` : '';
    throw new RangeError(`${file.path} has ${countOf(faults, 'fault')}${more}; nothing of it was sent`);
  }
  if (rows === 0) throw new RangeError(`${file.path} has no row that could be sent`);
  const parts = [...checked.sources].map(([source, count]) => `${source} ${figure(count)}`).join(', ');
  const unreadable =
    faults > 0 ? `; ${countOf(faults, 'line is unreadable and stays', 'lines are unreadable and stay')} out` : '';
  tell(`${file.path}: ${countOf(rows, 'row')} (${parts})${unreadable}`);
  return checked;
}

interface Beginning {
  readonly checked: CheckedFile;
  readonly system: RunningSystem;
  readonly today: string;
  readonly lostBefore: Lost;
}

/** Goes on where a replay was interrupted, if the system still knows what it was given then; else from the first row. */
async function begin(
  options: ReplayOptions,
  { stateFolder, tell }: Surroundings,
  { checked, system, today, lostBefore }: Beginning,
): Promise<Acknowledgements> {
  const path = statePath(stateFolder, checked.digest, system.url, options.source);
  const tally = { accepted: 0, duplicate: 0, rejected: 0, tooLarge: 0, unknownSource: 0 };
  const fresh: ResumeBeginning = {
    file: options.file,
    url: system.url,
    rows: checked.rows,
    acknowledged: 0,
    tally,
    firstDay: today,
    receiptBytes: 0,
    lostBefore,
  };
  const stands = loadState(path);
  const pid = underWayIn(stands);
  if (pid !== undefined) {
    throw new Stopped(
      `${options.file} is being replayed to ${system.url} by process ${pid}. If that is no replay, remove ${path}`,
    );
  }
  const left = options.restart ? undefined : stands;
  if (!left || left.rows !== checked.rows) return acknowledgements(path, fresh);
  if (left.lastReceipt !== undefined && (await system.receipt(left.lastReceipt)) === 'unknown') {
    tell(`an earlier replay was interrupted, but ${system.url} does not know its reports: begins at row 1`);
    return acknowledgements(path, fresh);
  }
  const { acknowledged } = left;
  const next = acknowledged === checked.rows ? 'the reconciliation' : `row ${figure(acknowledged + 1)}`;
  tell(`an earlier replay was interrupted: goes on at ${next}; --restart sends everything again`);
  const firstDay = left.firstDay < today ? left.firstDay : today;
  return acknowledgements(path, { ...left, firstDay });
}

function howToGoOn({ acknowledged, rows }: ResumeState): string {
  const next = figure(Math.min(acknowledged + 1, rows));
  return `${figure(acknowledged)} of ${countOf(rows, 'row is', 'rows are')} acknowledged; the same command goes on at row ${next}.`;
}

interface Ending {
  readonly checked: CheckedFile;
  readonly system: RunningSystem;
  readonly door: Door;
  readonly sent: Sent;
  readonly acknowledged: ResumeState;
}

/** Figures, reconciliation, verdict. The state goes when the reconciliation was read. */
async function finish(ending: Ending, options: ReplayOptions, around: Surroundings): Promise<boolean> {
  const { checked, sent, acknowledged, system, door } = ending;
  const { out, tell, stop, settling = SETTLING, stateFolder } = around;
  if (acknowledged.acknowledged !== checked.rows) {
    throw new Stopped(`${options.file} was changed while it was read. ${howToGoOn(acknowledged)}`);
  }
  const { accepted, duplicate, rejected, tooLarge, unknownSource } = acknowledged.tally;
  const arrivals = accepted + duplicate + rejected;
  let told = 0;
  const reconciled = await reconcile({
    atLeast: arrivals,
    firstDay: acknowledged.firstDay,
    today: async () => dayAt(system.zone, await door.now()),
    read: system.reconciliation,
    settling,
    signal: stop.signal,
    waiting(inFlight) {
      if (told++ % 10 === 0) tell(stillInFlight(inFlight));
    },
  });
  const path = statePath(stateFolder, checked.digest, system.url, options.source);
  const after = await lookedAfter(path, reconciled, ending, around);
  removeState(path);
  for (const refusal of [...sent.refusals, ...after.named]) tell(`not taken: ${refusal}`);
  out(tableOf(reconciled));
  out(figuresOf(ending, after));
  const wrong = [...imbalances(reconciled)];
  if (reconciled.total.received < arrivals) {
    wrong.push(
      `received ${reconciled.total.received}, but the system answered ${countOf(arrivals, 'row')} of this file`,
    );
  }
  if (reconciled.total.inFlight > 0) wrong.push(stillInFlight(reconciled.total.inFlight));
  if (wrong.length > 0) out(`DOES NOT BALANCE: ${wrong.join('; ')}`);
  else out('balances: received = opened + joined + duplicate + rejected + dead-lettered + in flight');
  if (after.unclear > 0) out(unclearOf(after));
  const left = checked.faults + rejected + tooLarge + unknownSource + after.rejected + after.deadLettered;
  if (left > 0) out(`${countOf(left, 'row of the file was', 'rows of the file were')} not taken`);
  return wrong.length === 0 && left === 0 && after.unclear === 0;
}

/** What became of accepted rows; `unclear` reports were lost that may be rows which nobody could look at. */
type After = Looked & { readonly unclear: number };
const NOTHING_LOST: After = { rejected: 0, deadLettered: 0, unseen: 0, named: [], unclear: 0 };

/** Looks at the receipts of accepted rows where the reconciliation lost more than the door refused (I-4, I-5). */
async function lookedAfter(
  path: string,
  reconciled: Reconciled,
  { checked, system, acknowledged: { lostBefore, tally } }: Ending,
  { tell, stop, settling = SETTLING }: Surroundings,
): Promise<After> {
  const beyond = beyondTheDoor(lostOf(reconciled, checked.sources), lostBefore, tally);
  if (beyond === 0) return NOTHING_LOST;
  tell(
    `${countOf(beyond, 'report was', 'reports were')} rejected or dead-lettered on top of what the door refused of this file: reads the receipts`,
  );
  const looked = await lookAfterwards({
    rows: receiptsIn(receiptsPath(path)),
    receipt: system.receipt,
    lookMs: settling.lookMs,
    signal: stop.signal,
    tell,
  });
  const found = looked.rejected + looked.deadLettered;
  if (found === 0 && looked.unseen === 0) tell('none of them is a row of this file');
  return { ...looked, unclear: looked.unseen > 0 ? Math.max(0, beyond - found) : 0 };
}

function unclearOf({ unclear, unseen }: After): string {
  return (
    `${countOf(unclear, 'report was', 'reports were')} rejected or dead-lettered on top of what the door refused of this file, ` +
    `and what became of ${countOf(unseen, 'accepted row')} was not seen: reports of others may be among them. GET /intake/receipts?source=…&externalId=… says it`
  );
}

function stillInFlight(reports: number): string {
  return `${countOf(reports, 'report is', 'reports are')} still in flight`;
}

function figuresOf({ checked, sent, acknowledged }: Ending, after: After): string {
  const { accepted, duplicate, rejected, tooLarge, unknownSource } = acknowledged.tally;
  const milliseconds = (percentile: number) => (sent.latency.percentile(percentile) / 1_000).toFixed(1);
  const unread = checked.faults > 0 ? `, ${figure(checked.faults)} unreadable` : '';
  const large = tooLarge > 0 ? `, ${figure(tooLarge)} too large` : '';
  const unknown = unknownSource > 0 ? `, of unknown sources ${figure(unknownSource)}` : '';
  const lost =
    after.rejected + after.deadLettered > 0
      ? `, accepted and then rejected ${figure(after.rejected)}, dead-lettered ${figure(after.deadLettered)}`
      : '';
  const rate = sent.seconds > 0 ? Math.round(sent.rows / sent.seconds) : 0;
  return [
    `rows read ${figure(checked.rows)}${unread}: accepted ${figure(accepted + duplicate)}, duplicates among them ${figure(duplicate)}, rejected ${figure(rejected)}${large}${unknown}${lost}`,
    `this run: ${countOf(sent.rows, 'row')} in ${sent.seconds.toFixed(1)} s, ${figure(rate)}/s; answer p50 ${milliseconds(50)} ms, p99 ${milliseconds(99)} ms`,
  ].join('\n');
}
