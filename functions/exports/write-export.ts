import type { ExportMessageV1 } from '#shared/contracts/messages/export-message.v1.ts';
import { failed, ready } from '#shared/domain/exports/score-export.ts';
import { BrokenSeal } from '#shared/domain/performance/seal.ts';
import type { ExportStore } from '#shared/domain/ports/export-store.ts';
import { exportedIn, type FreezePorts, freezeScores } from './freeze-scores.ts';

export interface WriteExportPorts extends FreezePorts {
  readonly exports: ExportStore;
  /** How often a message comes before it is put aside: after that try nobody works on it any more. */
  readonly tries: number;
}

/**
 * Writes an export that was asked for. A repeat of a written one changes nothing; two at a time write apart, and
 * the first to finish is the export. The last try that fails is told in its state, so that nobody waits for it; a card
 * that does not stand as it was sealed is told there at once, for no further try would find it otherwise.
 *
 * @throws Error when it could not be written; the queue brings it again
 */
export async function writeExport(
  { exportId }: ExportMessageV1,
  { receiveCount }: { readonly receiveCount: number },
  ports: WriteExportPorts,
): Promise<'written' | 'already-there' | 'refused'> {
  const before = await ports.exports.load(exportId);
  if (!before) throw new Error('an export was asked for that nobody requested');
  if (before.progress.state === 'ready') return 'already-there';
  try {
    const exported = await exportedIn(before.period, ports);
    if ('refused' in exported) throw new Error(`the month ${before.period} ${exported.refused}`);
    await ports.exports.save(ready(before, await freezeScores(exportId, exported, ports)));
    return 'written';
  } catch (error) {
    if (error instanceof BrokenSeal) {
      await tellFailed(exportId, ports, error.message);
      return 'refused';
    }
    if (receiveCount >= ports.tries) await tellFailed(exportId, ports);
    throw error;
  }
}

async function tellFailed(exportId: string, { exports, clock }: WriteExportPorts, reason?: string): Promise<void> {
  const now = await exports.load(exportId);
  if (now?.progress.state === 'running') await exports.save(failed(now, clock.now(), reason));
}
