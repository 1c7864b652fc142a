import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { z } from 'zod';
import { placeholderCode } from '#infra/bundle.ts';
import { type EnvironmentName, environments } from '#infra/environments.ts';
import { addEnvironment } from '#infra/system.ts';

const Resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
export type Resource = z.infer<typeof Resource>;
const TemplateJson = z.object({
  Resources: z.record(z.string(), Resource),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});
export type TemplateJson = z.infer<typeof TemplateJson>;

const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/** One environment as it would be deployed, with placeholders for the functions' code. */
export interface SynthesizedEnvironment {
  readonly app: App;
  /** Templates by the stack's last word: data, watch, api, disputes, performance, improvement. */
  readonly stacks: Readonly<Record<string, { readonly json: TemplateJson; readonly template: Template }>>;
}

/** The environment's app with the very feature flags of cdk.json. */
export function appOf(name: EnvironmentName): App {
  const { context } = CdkJson.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'cdk.json'), 'utf8')),
  );
  const app = new App({ context });
  addEnvironment(app, name, environments[name], placeholderCode);
  return app;
}

export function synthesize(name: EnvironmentName): SynthesizedEnvironment {
  const app = appOf(name);
  const stacks = app.node.children.filter((child) => Stack.isStack(child));
  return {
    app,
    stacks: Object.fromEntries(
      stacks.map((stack) => {
        const template = Template.fromStack(stack);
        return [
          stack.stackName.replace(`interlock-${name}-`, ''),
          { template, json: TemplateJson.parse(template.toJSON()) },
        ];
      }),
    ),
  };
}

export interface Located extends Resource {
  readonly stack: string;
  readonly id: string;
}

/** All resources of one type, of every stack. */
export function resourcesOf({ stacks }: SynthesizedEnvironment, type: string): readonly Located[] {
  return Object.entries(stacks).flatMap(([stack, { json }]) =>
    Object.entries(json.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ stack, id, ...resource })),
  );
}

/** The logical id behind a `Ref` or `Fn::GetAtt`, undefined for anything else. */
export function idBehind(value: unknown): string | undefined {
  const reference = z.union([
    z.object({ Ref: z.string() }).transform(({ Ref }) => Ref),
    z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform((get) => get['Fn::GetAtt'][0]),
  ]);
  return reference.safeParse(value).data;
}
