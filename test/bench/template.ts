import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { placeholderCode } from '#infra/bundle.ts';
import { type EnvironmentName, environments } from '#infra/environments.ts';
import type { Resource } from '#infra/local/cloud.ts';
import { readAssembly } from '#infra/local/template.ts';
import { addEnvironment } from '#infra/system.ts';

const root = join(import.meta.dirname, '..', '..');
const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/**
 * The resources of one environment as it would be deployed, their references resolved; the code of a function is its
 * step as a comment.
 *
 * @param url what stands in place of AWS's addresses
 */
export function synthesized(environment: EnvironmentName, url: string): readonly Resource[] {
  const { context } = CdkJson.parse(JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')));
  const app = new App({ context });
  addEnvironment(app, environment, environments[environment], placeholderCode);
  return readAssembly(app.synth().directory, url).resources;
}

const FunctionProperties = z.object({
  Code: z.object({ ZipFile: z.string() }),
  MemorySize: z.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});

/** A function of the templates. */
export interface SynthesizedFunction {
  /** `intake/receive-report` */
  readonly step: string;
  readonly name: string;
  readonly memoryMb: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** Every function, by its step. */
export function functionsIn(resources: readonly Resource[]): readonly SynthesizedFunction[] {
  return resources
    .filter(({ type }) => type === 'AWS::Lambda::Function')
    .map(({ name, properties }) => {
      const { Code, MemorySize: memoryMb, Environment } = FunctionProperties.parse(properties);
      const step = /^\/\/ (\S+)/.exec(Code.ZipFile)?.[1];
      if (step === undefined) throw new RangeError(`the function ${name} is no bundled step`);
      return { step, name, memoryMb, variables: Environment.Variables };
    })
    .sort((a, b) => (a.step < b.step ? -1 : 1));
}
