import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import type { Role } from '#shared/domain/access/roles.ts';

/** Whom a token speaks for. */
export interface TokenSubject {
  readonly sub: string;
  readonly roles: readonly Role[];
  readonly department?: string;
  readonly employee?: string;
  readonly source?: string;
}

/** An OIDC issuer for tests: discovery, keys and RS256 tokens, with a key that is made at its start. */
export interface Issuer {
  /** What authorizers are told: `http://127.0.0.1:4499`. */
  readonly url: string;
  readonly audience: string;
  /** @param lifetimeSeconds negative for a token that has expired */
  tokenFor(subject: TokenSubject, lifetimeSeconds?: number): Promise<string>;
  close(): Promise<void>;
}

export const ISSUER_PORT = 4499;
export const AUDIENCE = 'interlock';
const HOUR = 3_600;

/**
 * Starts an issuer. Over HTTP it serves `/.well-known/openid-configuration`, `/.well-known/jwks.json`, and, for suites
 * that run in another process, `POST /token` with a {@link TokenSubject} as JSON.
 *
 * @param port 0 for any free one
 * @param keyFile keeps the key for the next start: authorizers remember the keys that they have read
 * @param publicUrl what the tokens name as issuer, where others reach it under another address
 */
export async function startIssuer({
  port = ISSUER_PORT,
  audience = AUDIENCE,
  publicUrl,
  keyFile,
}: {
  port?: number;
  audience?: string;
  publicUrl?: string;
  keyFile?: string;
} = {}): Promise<Issuer> {
  const { kid, privateKey, publicJwk } = await keyOf(keyFile);
  const keys = { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] };
  const server = createServer();
  const url = publicUrl ?? `http://127.0.0.1:${await listen(server, port)}`;
  const tokenFor = ({ sub, ...claims }: TokenSubject, lifetimeSeconds = HOUR) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setSubject(sub)
      .setIssuer(url)
      .setAudience(audience)
      .setIssuedAt(now + Math.min(0, lifetimeSeconds))
      .setExpirationTime(now + lifetimeSeconds)
      .sign(privateKey);
  };
  const documents: Record<string, unknown> = {
    '/.well-known/openid-configuration': {
      issuer: url,
      jwks_uri: `${url}/.well-known/jwks.json`,
      token_endpoint: `${url}/token`,
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    },
    '/.well-known/jwks.json': keys,
  };
  server.on('request', async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'POST' && request.url === '/token') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      try {
        answer(200, { token: await tokenFor(JSON.parse(Buffer.concat(chunks).toString())) });
      } catch (error) {
        answer(400, { error: String(error) });
      }
      return;
    }
    const document = documents[request.url ?? ''];
    answer(document ? 200 : 404, document ?? {});
  });
  return { url, audience, tokenFor, close: () => closed(server) };
}

async function keyOf(keyFile: string | undefined) {
  const stored = keyFile && existsSync(keyFile) ? Key.parse(JSON.parse(readFileSync(keyFile, 'utf8'))) : await newKey();
  if (keyFile) {
    mkdirSync(dirname(keyFile), { recursive: true });
    writeFileSync(keyFile, JSON.stringify(stored), { mode: 0o600 });
  }
  const { kid, privateJwk, publicJwk } = stored;
  return { kid, publicJwk, privateKey: await importJWK(privateJwk, 'RS256') };
}

const Key = z.object({ kid: z.string(), privateJwk: z.looseObject({}), publicJwk: z.looseObject({}) });

async function newKey(): Promise<z.infer<typeof Key>> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const [privateJwk, publicJwk] = await Promise.all([exportJWK(privateKey), exportJWK(publicKey)]);
  return { kid: `test-${Date.now()}`, privateJwk: { ...privateJwk }, publicJwk: { ...publicJwk } };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}

/** As a process: `node test/support/issuer.ts --port 4499`; prints `ready <url>` and stays until it is ended. */
if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(ISSUER_PORT) },
      audience: { type: 'string', default: AUDIENCE },
    },
  });
  const issuer = await startIssuer({ port: Number(values.port), audience: values.audience });
  console.log(`ready ${issuer.url}`);
}
