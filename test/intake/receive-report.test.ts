import '#test/support/quiet-runtime.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { receiveReport } from '#functions/intake/receive-report.ts';
import type { Reply } from '#shared/contracts/api/request.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { rawApiHandler } from '#shared/runtime/api-handler.ts';
import { httpEvent, LAMBDA_CONTEXT } from '#test/support/http-event.ts';
import {
  bytesOf,
  disputes,
  type House,
  intakeHouse,
  outsideCustomers,
  PLANTED,
  post,
  receipt,
  reconciled,
  report,
  START,
  signed,
  workAll,
} from './intake-house.ts';

let house: House;
beforeEach(async () => {
  house = await intakeHouse();
});

const faults = ({ body }: Reply) => (body as { errors?: { path: string; message: string }[] }).errors ?? [];
const paths = (reply: Reply) => faults(reply).map(({ path }) => path);
/** Tables besides what deploy loaded. */
const stored = () => {
  const { reference, ...rest } = house.tables.dump();
  return Object.values(rest).flat();
};
/** A report of exactly so many bytes. */
function sized(bytes: number): Uint8Array {
  const room = bytes - bytesOf(report({ text: '' })).byteLength;
  const filler = { order: 'x'.repeat(200), thread: 'y'.repeat(400) };
  const attachments = Array.from({ length: 50 }, () => ({ url: `https://example.com/${'u'.repeat(2_000)}` }));
  const big = { ...report({ text: 'x' }), ...filler, attachments };
  const rest = bytes - bytesOf(big).byteLength;
  if (room < 0 || rest < 0) throw new RangeError(`no report of ${bytes} bytes can be built`);
  return Buffer.concat([bytesOf(big), Buffer.alloc(rest, ' ')]);
}

describe('a report is accepted when its message is safely on the queue (I-4)', () => {
  test('it is answered 202 with its receipt, and the receipt says queued', async () => {
    const reply = await post(house, report());
    expect(reply).toMatchObject({ status: 202, body: { status: 'queued', duplicate: false } });
    const { receiptId } = reply.body as { receiptId: string };
    expect(house.queue.sent).toHaveLength(1);
    expect(await receipt(house, receiptId)).toMatchObject({
      status: 200,
      body: { receiptId, source: 'phone', externalId: 'call-88231', status: 'queued' },
    });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, inFlight: 1 });
  });

  test('the tables hold nothing of it yet, the queue has it', async () => {
    await post(house, report());
    for (const word of PLANTED) {
      expect(JSON.stringify(stored())).not.toContain(word);
      expect(JSON.stringify(house.queue.sent)).toContain(word);
    }
  });

  test('a queue that takes nothing accepts nothing', async () => {
    const broken = { send: () => Promise.reject(new Error('down')), sendMany: () => Promise.reject(new Error('down')) };
    await expect(post(house, report(), { queue: broken })).rejects.toThrow('down');
    expect(stored()).toEqual([]);
  });
});

describe('what is refused before anything is stored (I-3)', () => {
  test.each([
    ['unsigned', { 'webhook-signature': undefined }],
    ['without id', { 'webhook-id': undefined }],
    ['wrongly signed', { 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` }],
    ['signed for another time', { 'webhook-timestamp': '1795141000' }],
  ])('%s: 401', async (_, headers) => {
    expect(await post(house, report(), { headers })).toMatchObject({ status: 401 });
    expect(stored()).toEqual([]);
    expect(house.queue.sent).toEqual([]);
  });

  test.each([-301, 301])('stale by %d seconds: 401', async (seconds) => {
    const body = bytesOf(report());
    const headers = signed(body, house.secret, plusSeconds(START, seconds));
    expect(await post(house, body, { headers })).toMatchObject({ status: 401 });
    expect(stored()).toEqual([]);
  });

  test('signed with the secret of another source: 401', async () => {
    expect(await post(house, report(), { source: 'chat' })).toMatchObject({ status: 401 });
    expect(stored()).toEqual([]);
  });

  test('unknown source: 404', async () => {
    expect(await post(house, report(), { source: 'fax' })).toMatchObject({ status: 404 });
    expect(stored()).toEqual([]);
  });

  test('262,145 bytes: 413, and 262,144 are taken', async () => {
    expect(await post(house, sized(262_145))).toMatchObject({ status: 413 });
    expect(stored()).toEqual([]);
    expect(await post(house, sized(262_144))).toMatchObject({ status: 202 });
  });

  test('bytes count after base64', async () => {
    const ports = { ...house.shared(), queue: house.queue, secrets: house.secrets };
    const handler = rawApiHandler('intake/receive-report', (posted) => receiveReport(posted, ports));
    const answers = [262_144, 262_145].map(async (bytes) => {
      const body = sized(bytes);
      const headers = signed(body, house.secret, START);
      const event = { route: 'POST /intake/{source}', params: { source: 'phone' }, headers, body, base64: true };
      return (await handler(httpEvent(event), LAMBDA_CONTEXT)).statusCode;
    });
    expect(await Promise.all(answers)).toEqual([202, 413]);
  });

  test('the order is source, size, signature, form, known id', async () => {
    const big = sized(262_145);
    const unsigned = { 'webhook-signature': undefined };
    expect(await post(house, big, { source: 'fax', headers: unsigned })).toMatchObject({ status: 404 });
    expect(await post(house, big, { headers: unsigned })).toMatchObject({ status: 413 });
    expect(await post(house, 'not json', { headers: unsigned })).toMatchObject({ status: 401 });
    await post(house, report());
    await workAll(house);
    expect(await post(house, report({ text: 7, demand: 'other' }))).toMatchObject({ status: 422 });
    expect(await post(house, report({ demand: 'other' }))).toMatchObject({ status: 409 });
  });
});

describe('what cannot be parsed is 422 with the failing paths (I-3)', () => {
  const deep = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

  test.each<[string, unknown, string[]]>([
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), ['']],
    ['not JSON', '{"externalId":', ['']],
    ['empty', '', ['']],
    ['no object', '[]', ['']],
    ['a number where text belongs', report({ text: 5 }), ['text']],
    ['text where a number belongs', report({ amount: { minor: '5', currency: 'CNY' } }), ['amount.minor']],
    ['an unknown field', report({ surprise: 1 }), ['surprise']],
    ['an unknown field inside', report({ customer: { ref: 'C-1', age: 5 } }), ['customer.age']],
    ['several faults at once', { ...report(), externalId: 1, demand: 2, also: 3 }, ['externalId', 'demand', 'also']],
    ['neither text nor type', report({ text: undefined, type: undefined }), ['text']],
    ['a field named __proto__', `{"__proto__":{"a":1},${JSON.stringify(report()).slice(1)}`, ['__proto__']],
    ['half a character', JSON.stringify(report({ text: 'x' })).replace('"x"', '"\\ud800"'), ['text']],
    ['an instant without seconds', report({ occurredAt: '2026-11-20T02:31Z' }), ['occurredAt']],
    ['an unknown type', report({ type: 'levitation' }), ['type']],
    ['an unknown department', report({ department: 'alchemy' }), ['department']],
    ['an unknown employee', report({ employee: 'E-999' }), ['employee']],
    ['an unknown partner', report({ partner: 'P-99' }), ['partner']],
  ])('%s', async (_, body, expected) => {
    const reply = await post(house, body);
    expect(reply).toMatchObject({ status: 422 });
    expect(paths(reply)).toEqual(expected);
    expect(house.queue.sent).toEqual([]);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, rejected: 1 });
  });

  test('depth 33 is too deep, depth 32 is not', async () => {
    const reply = await post(house, deep(33));
    expect(reply).toMatchObject({ status: 422 });
    expect(faults(reply)).toEqual([
      { path: Array.from({ length: 32 }, () => 'a').join('.'), message: 'is nested deeper than 32 levels' },
    ]);
    expect(faults(await post(house, deep(32))).map(({ message }) => message)).not.toContain(
      'is nested deeper than 32 levels',
    );
  });

  test.each(['[', '{"a":'])('%s, again and again to the size limit, overflows nothing', async (open) => {
    const closed = open === '[' ? ']' : '}';
    const levels = Math.floor(262_000 / (open.length + 1));
    const body = `${open.repeat(levels)}1${closed.repeat(levels)}`;
    expect(await post(house, body)).toMatchObject({ status: 422 });
  });

  test('a hundred thousand unknown fields are answered in few words', async () => {
    const body = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`f${i}`, 1]));
    const reply = await post(house, body);
    expect(reply).toMatchObject({ status: 422 });
    expect(faults(reply)).toHaveLength(100);
  });

  test('over 5 minutes ahead is refused, 5 minutes are not, any past is taken (I-5)', async () => {
    const at = (occurredAt: string, externalId: string) => post(house, report({ occurredAt, externalId }));
    const late = await at(plusSeconds(START, 301), 'a');
    expect(late).toMatchObject({ status: 422 });
    expect(paths(late)).toEqual(['occurredAt']);
    expect(await at(plusSeconds(START, 300), 'b')).toMatchObject({ status: 202 });
    expect(await at('1987-01-01T00:00:00Z', 'c')).toMatchObject({ status: 202 });
  });

  test('a date without time is 00:00 in the zone of the organisation (I-5)', async () => {
    expect(await post(house, report({ occurredAt: '2026-11-21' }))).toMatchObject({ status: 422 });
    expect(await post(house, report({ occurredAt: '2026-11-20' }))).toMatchObject({ status: 202 });
    await workAll(house);
    expect((await disputes(house)).map(({ occurredAt }) => occurredAt)).toEqual(['2026-11-19T16:00:00Z']);
  });
});

describe('the sender’s id is remembered for good (I-5)', () => {
  test('replayed while it waits: 202 as a duplicate with the same receipt, and no second message', async () => {
    const first = await post(house, report());
    const again = await post(house, report());
    expect(again).toMatchObject({ status: 202, body: { ...(first.body as object), duplicate: true } });
    expect(house.queue.sent).toHaveLength(1);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, inFlight: 1, duplicate: 1 });
  });

  test('replayed after it was opened, years later: the same receipt, now opened', async () => {
    const first = await post(house, report());
    await workAll(house);
    house.clock.advance(5 * 365 * 86_400);
    const again = await post(house, report());
    const { receiptId } = first.body as { receiptId: string };
    expect(again).toMatchObject({ status: 202, body: { receiptId, status: 'opened', duplicate: true } });
    expect(house.queue.sent).toEqual([]);
    expect(await disputes(house)).toHaveLength(1);
  });

  test('the same content in another order of fields and another spelling is the same', async () => {
    await post(house, report());
    await workAll(house);
    const { externalId, ...rest } = report();
    const respelled = JSON.stringify({ ...rest, externalId }, null, 2).replace('02:31:00Z', '10:31:00.25+08:00');
    expect(await post(house, respelled)).toMatchObject({ status: 202, body: { duplicate: true } });
  });

  test('other content under a known id: 409 that names what differs, and quotes nothing', async () => {
    await post(house, report());
    await workAll(house);
    const reply = await post(house, report({ text: 'another text', order: undefined, region: 'north' }));
    expect(reply).toMatchObject({ status: 409 });
    expect(paths(reply)).toEqual(['order', 'region', 'text']);
    expect(JSON.stringify(reply.body)).not.toMatch(/another text|包裹|SO-7781|north/);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, rejected: 1 });
  });

  test('the same id of another source is another report', async () => {
    const chat = await house.secrets.rotate('chat', START, 86_400, 2);
    const body = bytesOf(report());
    await post(house, body);
    await post(house, body, { source: 'chat', headers: signed(body, chat, START) });
    await workAll(house);
    expect((await disputes(house)).map(({ source }) => source).sort()).toEqual(['chat', 'phone']);
  });

  test('a repeat of what was accepted is no stranger when the directory has changed since', async () => {
    await post(house, report({ employee: 'E-204' }));
    await workAll(house);
    await house.tables.write([{ table: 'reference', remove: { pk: 'DIRECTORY', sk: 'SUBJECT#E-204' } }]);
    house.clock.advance(61);
    expect(await post(house, report({ employee: 'E-204' }))).toMatchObject({ status: 202, body: { duplicate: true } });
  });
});

describe('a rotated secret (I-3)', () => {
  test('the one before is taken for 24 hours, the new one at once', async () => {
    const next = await house.secrets.rotate('phone', house.clock.now(), 86_400, 2);
    const body = bytesOf(report());
    expect(await post(house, body)).toMatchObject({ status: 202 });
    expect(await post(house, body, { headers: signed(body, next, START) })).toMatchObject({ status: 202 });
    house.clock.advance(86_400);
    expect(await post(house, body)).toMatchObject({ status: 401 });
    const headers = signed(body, next, house.clock.now());
    expect(await post(house, body, { headers })).toMatchObject({ status: 202 });
  });
});

describe('a container that read the secrets before a rotation (I-3)', () => {
  const behind = (before: string) => {
    const asked: (number | undefined)[] = [];
    const active = async (source: string, cacheSeconds?: number) => {
      asked.push(cacheSeconds);
      return cacheSeconds === 1 ? house.secrets.active(source) : [before];
    };
    return { asked, on: { ...house, secrets: { ...house.secrets, active } } };
  };

  test('takes what is signed with the new one', async () => {
    const { asked, on } = behind(house.secret);
    const next = await house.secrets.rotate('phone', START, 86_400, 2);
    const body = bytesOf(report());
    expect(await post(on, body)).toMatchObject({ status: 202 });
    expect(asked).toEqual([60]);
    expect(await post(on, body, { headers: signed(body, next, START) })).toMatchObject({ status: 202 });
    expect(asked).toEqual([60, 60, 1]);
  });

  test('refuses what is signed with none, having read them again at most once a second', async () => {
    const { asked, on } = behind(house.secret);
    const body = bytesOf(report());
    const stranger = await house.secrets.rotate('chat', START, 86_400, 2);
    expect(await post(on, body, { headers: signed(body, stranger, START) })).toMatchObject({ status: 401 });
    expect(asked).toEqual([60, 1]);
  });
});

describe('amounts through the door (G-2)', () => {
  test.each([
    ['exactly 500,000.00 CNY', { minor: 50_000_000, currency: 'CNY' }, 2, []],
    ['500,000.01 CNY', { minor: 50_000_001, currency: 'CNY' }, 1, []],
    ['exactly 100,000.00 CNY', { minor: 10_000_000, currency: 'CNY' }, 3, []],
    ['11,000,000 JPY, no minor unit, 492,767 CNY', { minor: 11_000_000, currency: 'JPY' }, 2, []],
    ['12,000,000 JPY, 537,564 CNY', { minor: 12_000_000, currency: 'JPY' }, 1, []],
    ['21,862.702 KWD, three digits, 499,999.99 CNY', { minor: 21_862_702, currency: 'KWD' }, 2, []],
    ['21,862.703 KWD, 500,000.02 CNY', { minor: 21_862_703, currency: 'KWD' }, 1, []],
    ['a currency without rate', { minor: 99_999_999_999, currency: 'CLP' }, 3, ['G-2.1a', 'G-2.2a']],
  ])('%s', async (_, amount, level, notEvaluable) => {
    expect(await post(house, report({ amount }))).toMatchObject({ status: 202 });
    await workAll(house);
    const [dispute] = await disputes(house);
    expect(dispute?.grade.level).toBe(level);
    expect(dispute?.grade.notEvaluable.map(({ rule }) => rule)).toEqual(notEvaluable);
  });
});

test('no answer of the door leaves a word of the customer outside the customers table', async () => {
  await post(house, report());
  await workAll(house);
  await post(house, report());
  await post(house, report({ demand: '王小明 13912345678' }));
  await post(house, report({ '王小明 13912345678': 1 }));
  for (const word of PLANTED) expect(outsideCustomers(house)).not.toContain(word);
});
