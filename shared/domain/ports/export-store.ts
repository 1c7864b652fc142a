import type { ScoreExport } from '../exports/score-export.ts';

/** What became of each export. Its state goes on; what was ready stays as it is. */
export interface ExportStore {
  /** Reads its own writes. */
  load(exportId: string): Promise<ScoreExport | undefined>;
  /**
   * Writes the next state under the version before it.
   * @throws WriteRefused when another state came in between
   */
  save(after: ScoreExport): Promise<void>;
}
