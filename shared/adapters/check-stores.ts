import type { CheckPorts } from '../domain/insights/check-commits.ts';
import type { Tables } from '../domain/ports/tables.ts';
import { checkPointStore } from './check-point-store.ts';
import { commitLog } from './commit-log.ts';
import { counterStore } from './counter-store.ts';

/** Who publishes the commits of which table. */
export const GEARS = { cases: 'interlock.disputes', scorecards: 'interlock.performance' } as const;
export type GearTable = keyof typeof GEARS;

/** What a check of one gear's commits reads and writes: its log, the marks of what was counted, and its own progress. */
export function checkStores(
  tables: Tables,
  gear: GearTable,
): Pick<CheckPorts, 'log' | 'counters' | 'checkPoints' | 'source'> {
  return {
    log: commitLog(tables, gear),
    counters: counterStore(tables),
    checkPoints: checkPointStore(tables, gear),
    source: GEARS[gear],
  };
}
