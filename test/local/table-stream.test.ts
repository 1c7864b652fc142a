import { expect, test } from 'vitest';
import { AwsError } from '#infra/local/cloud.ts';
import { tableStream } from '#infra/local/table-stream.ts';

/** A stream of one shard without records, of which the first read fails. */
function streamFailing(error: Error) {
  const called: string[] = [];
  const answers: Record<string, object> = {
    DescribeStream: { StreamDescription: { Shards: [{ ShardId: 'one', SequenceNumberRange: {} }] } },
    GetShardIterator: { ShardIterator: 'here' },
    GetRecords: { Records: [], NextShardIterator: 'there' },
  };
  const stream = tableStream('arn:stream', async (operation) => {
    called.push(operation);
    if (operation === 'GetRecords' && called.filter((name) => name === operation).length === 1) throw error;
    return answers[operation];
  });
  return { stream, called };
}
const NOTHING = { records: [], position: undefined };
const WHOLE_READ = ['DescribeStream', 'GetShardIterator', 'GetRecords'];

test.each(['ExpiredIteratorException', 'TrimmedDataAccessException'])(
  'a read that answers %s found nothing, and the next one looks for its place again',
  async (code) => {
    const { stream, called } = streamFailing(new AwsError(code, 'too old'));
    expect(await stream.read(undefined, 10)).toEqual(NOTHING);
    expect(await stream.read(undefined, 10)).toEqual(NOTHING);
    expect(called).toEqual([...WHOLE_READ, ...WHOLE_READ]);
  },
);

test.each([new AwsError('ValidationException', 'Invalid shard iterator'), new Error('fetch failed')])(
  'any other error is the reader\u2019s to know: %s; the next read looks for its place again',
  async (error) => {
    const { stream, called } = streamFailing(error);
    await expect(stream.read(undefined, 10)).rejects.toThrow(error);
    expect(await stream.read(undefined, 10)).toEqual(NOTHING);
    expect(called).toEqual([...WHOLE_READ, ...WHOLE_READ]);
  },
);
