import { NONE_ARRIVED } from '#shared/domain/intake/reconciliation.ts';
import type { DayReceived, ReviewInputs } from '#shared/domain/review/inputs.ts';

const names = (en: string, hant: string, hans = hant) => ({ en, 'zh-Hant': hant, 'zh-Hans': hans });

/** Arrivals of one day and source; tests name only what they are about. */
export function received(parts: Partial<DayReceived> = {}): DayReceived {
  return { ...NONE_ARRIVED, day: '2026-10-02', source: 'phone', ...parts };
}

/** A month in which a little of everything happened, with figures that agree. */
export function inputs(parts: Partial<ReviewInputs> = {}): ReviewInputs {
  return {
    form: 1,
    period: '2026-10',
    running: false,
    policyVersion: 1,
    frequentOverBp: 1_000,
    categories: [
      {
        id: 'logistics',
        name: names('Logistics', '物流'),
        types: [
          { id: 'late-delivery', name: names('Late delivery', '延遲送達', '延迟送达') },
          { id: 'damaged-goods', name: names('Goods damaged in transit', '運輸損壞', '运输损坏') },
          { id: 'other', name: names('Other', '其他') },
        ],
      },
      {
        id: 'service',
        name: names('Service', '服務', '服务'),
        types: [{ id: 'other', name: names('Other', '其他') }],
      },
    ],
    departments: [
      { id: 'logistics', name: '物流部' },
      { id: 'service', name: '<script>alert(1)</script>' },
    ],
    cells: [
      { department: '-', type: 'late-delivery', counters: { 'points.pending': -100 } },
      {
        department: 'logistics',
        type: 'damaged-goods',
        counters: {
          opened: 1,
          'category.logistics': 1,
          'channel.email': 1,
          'level.3': 1,
          'received.phone': 1,
          filed: 1,
          'filed.inTime': 1,
        },
      },
      {
        department: 'logistics',
        type: 'late-delivery',
        counters: {
          opened: 17,
          'category.logistics': 17,
          'channel.phone': 17,
          'level.1': 2,
          'level.2': 5,
          'level.3': 10,
          'received.phone': 17,
          filed: 16,
          'filed.inTime': 14,
          'filed.automatic': 12,
          assigned: 9,
          investigated: 8,
          reported: 8,
          'reported.inTime': 7,
          'determined.valid': 5,
          'determined.unfounded': 2,
          noticed: 5,
          waived: 1,
          final: 6,
          resolved: 12,
          closed: 10,
          reopened: 1,
          'alerts.raised': 18,
          'alerts.superseded': 1,
          'alerts.acknowledged': 15,
          'alerts.inTime': 12,
          'breached.C-1': 5,
          'breached.C-4': 5, // Four late, and one that waits.
          learned: 16,
          'learned.inTime': 16,
          'rated.satisfied': 3,
          'rated.dissatisfied': 1,
          'rated.tooLate': 1,
          'points.posted': -2_500,
          'points.pending': -900,
          'points.voided': -300,
        },
      },
      {
        department: 'service',
        type: 'other',
        counters: {
          opened: 2,
          'category.service': 1,
          'category.logistics': 1,
          'channel.phone': 2,
          'level.3': 2,
          'received.phone': 2,
          filed: 2,
          'points.posted': 200,
        },
      },
    ],
    received: [
      received({ received: 14, opened: 12, duplicate: 1, rejected: 1 }),
      received({ day: '2026-10-20', received: 8, opened: 8 }),
    ],
    uncountedLater: [],
    ledger: [
      { department: '-', pending: -100, posted: 0, voided: 0 },
      { department: 'logistics', pending: -900, posted: -2_500, voided: -300 },
      { department: 'service', pending: 0, posted: 200, voided: 0 },
    ],
    ...parts,
  };
}
