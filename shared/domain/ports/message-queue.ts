/** One message: any JSON value, delivered after `delaySeconds` (0 to 900, the default is at once). */
export interface QueuedMessage {
  readonly body: unknown;
  readonly delaySeconds?: number;
}

/** One queue to write to. It delivers at least once, in any order. */
export interface MessageQueue {
  /** @throws RangeError for a message that is no JSON, is too large, or is delayed too long */
  send(body: unknown, options?: { readonly delaySeconds?: number }): Promise<void>;
  /**
   * Sends all. After a failure some may be on their way: send all again, consumers ignore repeats.
   * @throws Error naming how many the queue refused, and the first reason
   * @throws RangeError as `send`, before anything is sent
   */
  sendMany(messages: readonly QueuedMessage[]): Promise<void>;
}
