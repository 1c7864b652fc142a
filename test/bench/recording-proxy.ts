import { Agent, createServer, type IncomingMessage, request } from 'node:http';

/** One call of the engine that changed something. */
export interface Recorded {
  /** `DynamoDB_20120810.TransactWriteItems` */
  readonly target: string;
  readonly body: string;
}

export interface RecordingProxy {
  readonly url: string;
  /** Calls that changed something and succeeded, in the order in which they were answered. */
  readonly recorded: readonly Recorded[];
  close(): Promise<void>;
}

const CHANGES = /\.(?:CreateTable|UpdateTimeToLive|TransactWriteItems|PutItem|UpdateItem|DeleteItem|BatchWriteItem)$/;

/** Stands before an engine, hands everything on byte for byte and keeps what changed something. */
export async function recordingProxy(endpoint: string): Promise<RecordingProxy> {
  const recorded: Recorded[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ keepAliveTimeout: 60_000 }, async (incoming, response) => {
    const body = await bytesOf(incoming);
    const { method, url = '/', headers } = incoming;
    const { host: _host, ...passed } = headers;
    const call = request(new URL(url, endpoint), { method, agent, headers: passed }, async (answer) => {
      const bytes = await bytesOf(answer);
      const target = String(headers['x-amz-target']);
      if (answer.statusCode === 200 && CHANGES.test(target)) recorded.push({ target, body: body.toString('utf8') });
      response.writeHead(answer.statusCode ?? 500, answer.headers).end(bytes);
    });
    call.on('error', () => response.destroy());
    call.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the recorder got no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    recorded,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
