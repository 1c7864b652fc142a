import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { readEnv } from '#shared/runtime/env.ts';
import { asError, logger } from '#shared/runtime/logger.ts';
import { readAs, readJson } from '#shared/runtime/unreadable-message.ts';

describe('the environment', () => {
  const Settings = z.object({ CASES_TABLE: z.string().min(1), ZONE: z.string().min(1) });

  test('is read once and typed', () => {
    expect(readEnv(Settings, { CASES_TABLE: 'cases', ZONE: 'Asia/Shanghai', OTHER: 'x' })).toEqual({
      CASES_TABLE: 'cases',
      ZONE: 'Asia/Shanghai',
    });
  });

  test('stops the function before any message when a variable is missing or empty, and names each', () => {
    expect(() => readEnv(Settings, { ZONE: '' })).toThrow(/CASES_TABLE: .*; ZONE: /);
  });
});

describe('a log line (T-2)', () => {
  /** What logging an error writes. */
  function logged(error: unknown): string {
    let written = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    });
    const spy = vi.spyOn(logger as unknown as { console: Console }, 'console', 'get');
    spy.mockReturnValue(new Console({ stdout: stream, stderr: stream }));
    try {
      logger.error('A message could not be handled', { error: asError(error) });
    } finally {
      spy.mockRestore();
    }
    return written;
  }

  test.each([
    { title: 'text that is no JSON', fail: () => JSON.parse('王小明 0912') },
    { title: 'an unreadable message', fail: () => readJson('王小明 0912') },
    {
      title: 'an unreadable message with a key that a sender chose',
      fail: () => readAs(z.object({ attributes: z.record(z.string(), z.string()) }), { attributes: { 王小明: 912 } }),
    },
    { title: 'a value that does not keep a contract', fail: () => z.strictObject({}).parse({ 王小明: '0912' }) },
    {
      title: 'an AWS error that carries the item',
      fail: () => {
        throw Object.assign(new Error('Transaction cancelled'), {
          CancellationReasons: [{ Item: { name: '王小明' } }],
        });
      },
    },
    {
      title: 'an error caused by one that quotes',
      fail: () => {
        throw new Error('outer', { cause: new SyntaxError('Unexpected token 王小明') });
      },
    },
    {
      title: 'thrown text',
      fail: () => {
        throw '王小明';
      },
    },
  ])('about $title holds nothing of what it is about', ({ fail }) => {
    let line = '';
    try {
      fail();
    } catch (error) {
      line = logged(error);
    }
    expect(JSON.parse(line)).toMatchObject({ level: 'ERROR', message: 'A message could not be handled' });
    expect(line).not.toContain('王小明');
  });
});
