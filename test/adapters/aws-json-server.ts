import { createServer } from 'node:http';

/** One call as it came over the wire. */
export interface Call {
  /** `AWSEvents.PutEvents`: the service's name and the operation. */
  readonly target: string;
  readonly input: Readonly<Record<string, unknown>>;
}
/** What to answer: an output, or an error with its code. */
export type Answer =
  | { readonly output: unknown }
  | { readonly error: string; readonly status?: number; readonly fields?: object };

/** An HTTP server that speaks the JSON protocol of AWS and leaves the answers to the test. */
export interface AwsJsonServer {
  readonly calls: Call[];
  answer(call: Call): Answer | Promise<Answer>;
  /** What an SDK client needs to call it, without retries. */
  readonly config: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  close(): Promise<void>;
}

export async function startAwsJsonServer(): Promise<AwsJsonServer> {
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const call = {
        target: String(request.headers['x-amz-target']),
        input: JSON.parse(Buffer.concat(chunks).toString()),
      };
      server.calls.push(call);
      const answer = await server.answer(call);
      const [status, body] =
        'output' in answer
          ? [200, answer.output]
          : [answer.status ?? 400, { __type: answer.error, message: answer.error, ...answer.fields }];
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const server: AwsJsonServer = {
    calls: [],
    answer: () => ({ output: {} }),
    config: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    },
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
  return server;
}
