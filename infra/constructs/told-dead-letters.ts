import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DEAD_LETTERS_OUTPUT, type DeadLettersTold } from '../dead-letters.ts';

/** What a dead-letter queue's name leaves out: what every one of them is called. */
const SAID_ANYWAY = new Set(['Work', 'DeadLetters']);

/** Tells operators' commands of a queue of dead letters, by an output of its stack. */
export function tellDeadLetters(
  scope: Construct,
  { queue, of, holds, loses }: Pick<DeadLettersTold, 'holds' | 'loses'> & { queue: IQueue; of?: IQueue },
): void {
  const stack = Stack.of(scope);
  const gear = stack.stackName.slice(stack.stackName.lastIndexOf('-') + 1);
  const path = scope.node.path.split('/').slice(1);
  const words = [gear, ...path.filter((part) => !SAID_ANYWAY.has(part))];
  const name = `${gear}/${words.slice(1).map(kebab).join('/')}`;
  const told = { name, queue: queue.queueUrl, of: of?.queueUrl, holds, loses };
  const output = new CfnOutput(scope, 'Told', {
    value: stack.toJsonString(told),
    description: `Dead letters: ${name}`,
  });
  output.overrideLogicalId(`${DEAD_LETTERS_OUTPUT}${words.map(capital).join('')}`);
}

/** `ScoreDispute` → `score-dispute` */
export function kebab(id: string): string {
  return id.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
