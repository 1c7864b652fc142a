/** The part of autocannon that the bench uses; the package brings no types. */
declare module 'autocannon' {
  interface Request {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: string;
  }
  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds; without effect beside `amount`. */
    readonly duration?: number;
    /** Requests over all connections. */
    readonly amount?: number;
    /** Seconds until an answer counts as missing. */
    readonly timeout?: number;
    readonly requests: readonly { readonly setupRequest: (request: Request) => Request }[];
  }
  interface Result {
    /** Seconds. */
    readonly duration: number;
    readonly errors: number;
  }
  interface Run extends Promise<Result> {
    on(event: 'response', heard: (client: unknown, status: number, bytes: number, milliseconds: number) => void): this;
  }
  export default function autocannon(options: Options): Run;
}
