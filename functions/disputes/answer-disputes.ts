import type { EndpointsOf } from '#shared/contracts/api/endpoints.ts';
import { type CommandPorts, commandDispute } from './command-dispute.ts';
import { GIVEN } from './given-command.ts';
import { listDisputes, type ReadPorts, readDispute, readTimeline } from './read-disputes.ts';

/** What answers each route of disputes: lists, one dispute, its timeline, and every command. */
export function disputeAnswers(ports: CommandPorts & ReadPorts): EndpointsOf<'disputes/answer-disputes'> {
  return {
    'GET /disputes': (request) => listDisputes(request, ports),
    'GET /disputes/{id}': (request) => readDispute(request, ports),
    'GET /disputes/{id}/timeline': (request) => readTimeline(request, ports),
    'POST /disputes/{id}/filing': (request) => commandDispute(request, GIVEN.filing(request.body), ports),
    'POST /disputes/{id}/assignment': (request) => commandDispute(request, GIVEN.assignment(request.body), ports),
    'POST /disputes/{id}/regrading': (request) => commandDispute(request, GIVEN.regrading(request.body), ports),
    'POST /disputes/{id}/investigation': (request) => commandDispute(request, GIVEN.investigation(request.body), ports),
    'POST /disputes/{id}/cause-report': (request) =>
      commandDispute(request, GIVEN['cause-report'](request.body), ports),
    'POST /disputes/{id}/determination': (request) => commandDispute(request, GIVEN.determination(request.body), ports),
    'POST /disputes/{id}/notice': (request) => commandDispute(request, GIVEN.notice(request.body), ports),
    'POST /disputes/{id}/waiver': (request) => commandDispute(request, GIVEN.waiver(request.body), ports),
    'POST /disputes/{id}/resolution': (request) => commandDispute(request, GIVEN.resolution(request.body), ports),
    'POST /disputes/{id}/rating': (request) => commandDispute(request, GIVEN.rating(request.body), ports),
    'POST /disputes/{id}/closure': (request) => commandDispute(request, GIVEN.closure(request.body), ports),
    'POST /disputes/{id}/reopening': (request) => commandDispute(request, GIVEN.reopening(request.body), ports),
  };
}
