import type { DatabaseSync } from 'node:sqlite';
import type { MovableClock } from './clock.ts';

/** The account and region in which everything on one machine stands. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** What every service of this machine is given. */
export interface Machine {
  /** Where the one door answers, the HTTP API and AWS's wire protocols alike: `http://127.0.0.1:4400`. */
  readonly url: string;
  readonly clock: MovableClock;
  /** The services' own database, durable over `kill -9`: each makes its tables with `create table if not exists`. */
  readonly store: DatabaseSync;
  /** For files of a service: `.local/data`. */
  readonly folder: string;
  readonly iam: Iam;
  /** Answers a request that is signed for AWS; functions in threads of this process need no socket for it. */
  readonly call: (request: SignedRequest) => Promise<SignedReply>;
  /** One line for the person at the terminal: what went wrong, and what happens now. */
  readonly say: (line: string) => void;
  /** Counts a call that AWS would bill, and what else of it is billed, for `GET /_local/calls`. */
  readonly count: (service: string, operation: string, by: string, units?: Readonly<Record<string, number>>) => void;
}

/** A request as it comes over the wire, with its body. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** A text, where it came as one, is the body in UTF-8. */
  readonly body: string | Buffer;
}
export type SignedReply = Required<RestAnswer>;

/** One resource of the synthesized templates, its intrinsic functions resolved. */
export interface Resource {
  readonly stack: string;
  readonly logicalId: string;
  /** `AWS::SQS::Queue` */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What `Ref` yields: a queue's URL, a table's name. */
  readonly ref: string;
  /** The last part of its ARN, and what people see: `interlock-local-disputes-WebhookQueueCB2A9A4E`. */
  readonly name: string;
  /** Empty for a type that has none. */
  readonly arn: string;
}

/** One service. It is given its resources before it starts, in the order of the templates. */
export interface Service {
  /**
   * By resource type, which properties it carries out, and which are read, understood, and of no effect here: encryption
   * at rest, retention of backups. All others are refused by name.
   */
  readonly carries: Readonly<
    Record<string, { readonly properties: readonly string[]; readonly withoutEffect?: readonly string[] }>
  >;
  /**
   * Makes the resource stand, or finds it standing: data survive a restart.
   * @throws RangeError naming resource and property when a value is not supported
   */
  add(resource: Resource): void | Promise<void>;
  /** What answers AWS's wire protocol for it. */
  readonly wire?: WireService | RestService;
  /** Begins what runs by itself (polling, schedules), once everything stands. */
  start?(): void | Promise<void>;
  /** Ends what runs by itself, and lets what is under way finish. */
  stop?(): Promise<void>;
}

/** A service of AWS's JSON protocols: the operation stands in `x-amz-target`. */
export interface WireService {
  readonly kind: 'json';
  /** As requests are signed for it: `sqs`, `dynamodb`. */
  readonly signingName: string;
  /** What stands before the dot of `x-amz-target`; DynamoDB's streams are signed as `dynamodb` too. */
  readonly targets: readonly string[];
  /** What IAM must allow for a call. @throws AwsError for an operation that is not supported */
  demands(operation: string, input: JsonObject): readonly Demand[];
  /** Carries a call out that IAM has allowed. @throws AwsError as AWS answers */
  answer(call: WireCall): Promise<WireAnswer> | WireAnswer;
}

export interface WireCall {
  readonly operation: string;
  readonly input: JsonObject;
  /** The exact text, for a service that hands it on. */
  readonly body: string;
  /** The whole `x-amz-target`. */
  readonly target: string;
  readonly caller: Caller;
}

/** An object is sent as JSON with status 200; a text as it is. */
export type WireAnswer = { readonly json: object } | { readonly status: number; readonly text: string };

/** A service of the REST protocol: S3. */
export interface RestService {
  readonly kind: 'rest';
  readonly signingName: string;
  demands(call: RestCall): readonly Demand[];
  answer(call: RestCall): Promise<RestAnswer>;
}
export interface RestCall {
  readonly method: string;
  /** Decoded: `/bucket/key`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}
export interface RestAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Who calls: the account itself (tools, tests), or a role that a function or schedule has taken on. */
export interface Caller {
  /** Undefined for the account itself, which may do everything. */
  readonly roleArn?: string;
  /** `arn:aws:sts::000000000000:assumed-role/Role/session`, or the account's root. */
  readonly arn: string;
  /** What a queue attests of a sender: the account id, or `AROA…:session`. */
  readonly senderId: string;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** One thing that IAM must allow. */
export interface Demand {
  /** `sqs:SendMessage` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the call beside those that every call here has: `{ 'kms:ViaService': … }`. */
  readonly context?: Readonly<Record<string, string>>;
  /** The partition keys of the items that the call names: `dynamodb:LeadingKeys`. */
  readonly leadingKeys?: readonly string[];
}

/** Who may do what, from the roles and resource policies of the templates. */
export interface Iam {
  /** Undefined for a key that nobody was given. The account's own key is {@link ACCOUNT_KEY}. */
  callerOf(accessKeyId: string): Caller | undefined;
  /** A session of a role: the same role and session name give the same caller and credentials. */
  assume(roleArn: string, sessionName: string): { readonly caller: Caller; readonly credentials: Credentials };
  /** @throws AwsError AccessDeniedException naming caller, action and resource for the first demand that is not allowed */
  authorize(caller: Caller, demands: readonly Demand[]): void;
  /**
   * What a service of AWS does in its own name (a rule that sends to a queue, the API that invokes a function) needs the
   * resource's policy to allow it.
   * @throws AwsError AccessDeniedException
   */
  authorizeService(by: { readonly service: string; readonly sourceArn: string }, demand: Demand): void;
  /** Statements of the roles with the actions and resources that nobody has used so far. */
  unused(): readonly UnusedGrant[];
}
export type UnusedGrant = Readonly<Record<'role' | 'action' | 'resource', string>>;

/** The access key of the account itself, for tools and tests; its secret is any. */
export const ACCOUNT_KEY = 'local';

/** An error as AWS's services answer it: `__type` and message under a status. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Beside code and message: DynamoDB's `CancellationReasons`. */
  readonly details: object;

  constructor(code: string, message: string, status = 400, details: object = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** What came of a call of a function. */
export type Invocation =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

/** Whether somebody waits for the answer, or a queue, a stream or a schedule calls. */
export type Urgency = 'answer' | 'background';

/** The functions of the templates, in worker threads. */
export interface Functions {
  /**
   * Waits for a free place among the function's concurrent executions, then for its answer, at most its timeout.
   * @param urgency of the function's first call, which decides how its threads are scheduled; `answer` unless given
   */
  invoke(functionArn: string, event: unknown, urgency?: Urgency): Promise<Invocation>;
  /**
   * Lambda's asynchronous call, as schedules make it: tried again as its configuration says, then handed to its failure
   * destination. Resolves when that is over.
   */
  invokeAsync(functionArn: string, event: unknown): Promise<void>;
  /** The role's session in which the function calls, and in which its event source mappings read. */
  callerOf(functionArn: string): Caller;
}

/** A message as the queue holds it. */
export interface QueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly senderId: string;
  /** Milliseconds since 1970 on the moved clock. */
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receiveCount: number;
}

/** The queues, for the services that feed them or read from them. */
export interface Queues {
  /** Durable when it returns. @throws AwsError for an unknown queue or a message over its limit */
  send(
    queueArn: string,
    message: { readonly body: string; readonly senderId: string; readonly delaySeconds?: number },
  ): string;
  /** All or none, in one transaction of the store: what a rule sends to several queues. */
  sendAll(messages: readonly { readonly queueArn: string; readonly body: string; readonly senderId: string }[]): void;
  /** How many messages could be received now. */
  visible(queueArn: string): number;
  /** Up to `most` messages, hidden for the queue's visibility timeout in real time. */
  receive(queueArn: string, most: number): readonly QueueMessage[];
  delete(queueArn: string, receiptHandles: readonly string[]): void;
  /** Calls back, at once or later, whenever the queue may have something to take. */
  onMessages(queueArn: string, wake: () => void): void;
}
