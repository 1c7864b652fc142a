/**
 * Runs the adapters' tests on AWS's own DynamoDB Local: `node test/support/dynamodb-local.ts [vitest arguments]`.
 * Needs Java 17 and Maven; fetches the engine once from Maven Central into `.local/dynamodb-local`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, untilAnswering } from './dynoxide.ts';

const VERSION = '2.6.1';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HOME = join(ROOT, '.local', 'dynamodb-local', VERSION);
const FETCH_ATTEMPTS = 5;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>interlock</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>${VERSION}</version></dependency>
  </dependencies>
</project>
`;

/** Runs a program to its end. @returns its exit code; 1 when a signal ended it */
function run(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<number> {
  return exitOf(spawn(program, args, { ...options, stdio: 'inherit' }));
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Jars and native libraries, complete or not there at all: Maven copies beside, the rename is the last step. */
async function fetchEngine(): Promise<string> {
  const lib = join(HOME, 'lib');
  if (existsSync(lib)) return lib;
  mkdirSync(HOME, { recursive: true });
  writeFileSync(join(HOME, 'pom.xml'), POM);
  for (let attempt = 1; attempt <= FETCH_ATTEMPTS; attempt++) {
    const partial = join(HOME, 'partial');
    rmSync(partial, { recursive: true, force: true });
    const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`, '-DincludeScope=runtime'];
    const complete =
      (await run('mvn', args, { cwd: HOME })) === 0 &&
      readdirSync(partial).some((file) => file.startsWith('DynamoDBLocal'));
    if (complete) {
      renameSync(partial, lib);
      return lib;
    }
    console.error(`fetching DynamoDB Local failed, attempt ${attempt} of ${FETCH_ATTEMPTS}`);
    await pause(attempt * 5000);
  }
  throw new Error(`DynamoDB Local ${VERSION} could not be fetched from Maven Central`);
}

async function main(): Promise<number> {
  const lib = await fetchEngine();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';
  const javaArgs = [
    `-Djava.library.path=${lib}`,
    '-cp',
    join(lib, '*'),
    server,
    '-inMemory',
    '-disableTelemetry',
    '-port',
    String(port),
  ];
  const engine = spawn('java', javaArgs, { cwd: HOME, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = exitOf(engine);
  try {
    await untilAnswering(endpoint, () => engine.exitCode !== null);
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [vitest, 'run', 'test/adapters', ...process.argv.slice(2)];
    return await run(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, INTERLOCK_DYNAMODB_LOCAL: endpoint },
    });
  } finally {
    engine.kill();
    await ended;
  }
}

process.exitCode = await main();
