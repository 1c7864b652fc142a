import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { PLAIN_SOURCES } from '#shared/policy/released.ts';
import { environments } from '../../environments.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { tokenIssuer } from '../../local/token-issuer.ts';
import { deployedShelf } from '../deployed-reference.ts';
import { loadReference, referenceOf } from '../load-reference.ts';
import { enterSampleDisputes } from './sample-disputes.ts';
import { localClient, sourcesWithSecrets } from './source-secrets.ts';

export interface Preparation {
  readonly folder: string;
  /** Whether to leave the sample disputes out. */
  readonly empty: boolean;
  readonly audience: string;
}

/**
 * What a deploy and its first operator do: loads the reference data and makes a secret for each source; then enters the
 * sample disputes, once for a data folder. A start that was interrupted goes on where it ended.
 */
export async function prepareInterlock(cloud: LocalCloud, { folder, empty, audience }: Preparation): Promise<void> {
  const { url } = cloud.machine;
  const outputs = Object.assign({}, ...Object.values(cloud.outputs));
  const { ReferenceTable } = z.object({ ReferenceTable: z.string() }).parse(outputs);
  await loadReference(referenceOf(environments.local), deployedShelf(ReferenceTable, localClient(url)));
  const issuer = await tokenIssuer(cloud.machine, audience);
  const operator = await issuer.tokenFor({ sub: 'operator', roles: ['operator'] });
  const known = (await sourcesWithSecrets(url)).map(({ source }) => source);
  for (const { source } of PLAIN_SOURCES.filter((each) => !known.includes(each.source))) {
    const headers = { authorization: `Bearer ${operator}` };
    const answer = await fetch(`${url}/sources/${source}/secret`, { method: 'POST', headers });
    if (!answer.ok) throw new Error(`the source ${source} got no secret: ${answer.status} ${await answer.text()}`);
  }
  const entered = join(folder, 'sample-disputes-entered');
  if (empty || existsSync(entered)) return;
  await enterSampleDisputes(url, { tokenFor: issuer.tokenFor, now: () => cloud.machine.clock.now() });
  writeFileSync(entered, '');
}
