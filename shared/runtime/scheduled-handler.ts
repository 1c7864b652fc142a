import { type Handler, observed } from './invocation.ts';

/** Runs what a schedule asks for. A throw fails the invocation, so that its alarm and the schedule's own retries see it. */
export function scheduledHandler(useCase: () => Promise<unknown>): Handler<unknown, void> {
  return observed(async () => {
    await useCase();
  });
}
