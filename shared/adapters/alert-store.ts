import { AlertItem, AlertsItem } from '../contracts/items/alert-item.ts';
import { StakeItem } from '../contracts/items/stake-item.ts';
import { type Alert, type AlertState, type Alerts, alertDueAt } from '../domain/performance/alert.ts';
import type { AlertStore } from '../domain/ports/alert-store.ts';
import type { Tables, Write } from '../domain/ports/tables.ts';
import { commitWrite } from './commit-item.ts';
import { dueAttributes } from './due-store.ts';
import { listed } from './pages.ts';
import { stakeKeys, stakeWrite } from './stake-store.ts';

const alertKeys = {
  partition: (disputeId: string) => `ALERTS#${disputeId}`,
  state: (disputeId: string) => ({ pk: alertKeys.partition(disputeId), sk: 'STATE' }),
  alert: (alertId: string) => ({ pk: `ALERT#${alertId}`, sk: 'STATE' }),
  list: (state: AlertState) => `ALERTS#${state}`,
} as const;

/**
 * Alerts in the scorecards table: `ALERTS#<dispute>` with all of a dispute's alerts, the open one's deadline and the
 * commits, and `ALERT#<alert>` for lists, written in the same transaction.
 */
export function alertStore(tables: Tables): AlertStore {
  return {
    async load(disputeId) {
      const item = await tables.get('scorecards', alertKeys.state(disputeId));
      return item && AlertsItem.parse(item).state;
    },
    async loadWithStake(disputeId) {
      const keys = [alertKeys.state(disputeId), stakeKeys.stake(disputeId)];
      const [alerts, stake] = await tables.getMany('scorecards', keys);
      return { alerts: alerts && AlertsItem.parse(alerts).state, stake: stake && StakeItem.parse(stake).state };
    },
    async disputeOf(alertId) {
      const item = await tables.get('scorecards', alertKeys.alert(alertId));
      return item && AlertItem.parse(item).alert.dispute.disputeId;
    },
    async save(before, after, { commit, stake }) {
      const pk = alertKeys.partition(after.disputeId);
      await tables.write([
        ...(after === before ? [] : [alertsWrite(after)]),
        ...(commit ? [commitWrite('scorecards', pk, commit)] : []),
        ...changed(before, after).map(alertWrite),
        ...(stake ? [stakeWrite(stake)] : []),
      ]);
    },
    async list(state, { limit, cursor }) {
      const partition = alertKeys.list(state);
      const page = await listed(tables, { table: 'scorecards', partition, limit, cursor });
      return { items: page.items.map((item) => AlertItem.parse(item).alert), next: page.next };
    },
  };
}

function alertsWrite(alerts: Alerts): Write {
  const { disputeId, version } = alerts;
  const key = alertKeys.state(disputeId);
  const dueAt = alertDueAt(alerts);
  const due = dueAt ? dueAttributes('scorecards', key.pk, dueAt, 'alert') : {};
  return {
    table: 'scorecards',
    put: { ...key, kind: 'alerts', version, state: alerts, ...due },
    if: version === 1 ? { absent: true } : { attribute: 'version', equals: version - 1 },
  };
}

function changed(before: Alerts, after: Alerts): readonly Alert[] {
  const known = new Map(before.alerts.map((alert) => [alert.alertId, JSON.stringify(alert)]));
  return after.alerts.filter((alert) => known.get(alert.alertId) !== JSON.stringify(alert));
}

/** Without a condition of its own: the version of the dispute's alerts guards it. */
function alertWrite(alert: Alert): Write {
  const { alertId, state, dueAt } = alert;
  const list = { listPartition: alertKeys.list(state), listSort: `${dueAt}#${alertId}` };
  return { table: 'scorecards', put: { ...alertKeys.alert(alertId), kind: 'alert', alert, ...list } };
}
