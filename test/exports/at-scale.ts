import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { writeSnapshot } from '#shared/domain/exports/snapshot.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import { generatedRows } from '#test/domain/exports/rows.ts';

// node test/exports/at-scale.ts [ROWS]     writes an export of generated rows through the code that functions run, and
// prints its time, its size and the most memory it needed. 1,000,000 rows unless a number is given.

/** Files in a folder, written as they come. */
function filesIn(folder: string): Files {
  const path = (key: string) => join(folder, key);
  return {
    ...memoryFiles(), // What an export does not ask for.
    async write(key, _type, chunks) {
      await mkdir(dirname(path(key)), { recursive: true });
      await pipeline(Readable.from(chunks), createWriteStream(path(key)));
    },
    read: (key) => readFile(path(key)),
  };
}

async function main(rows: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'interlock-scale-'));
  let peak = 0;
  const looking = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);
  const before = process.memoryUsage.rss();
  const started = performance.now();
  try {
    const versions = { policy: 1, rows: 1 } as const;
    const about = {
      exportId: '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01',
      period: '2026-10',
      asOf: '2026-11-20T02:31:00Z',
      versions,
    };
    const frozen = await writeSnapshot(about, 'x', generatedRows(rows), snapshotPorts(filesIn(folder)));
    const seconds = (performance.now() - started) / 1000;
    const sizes = [
      ...frozen.files.map(({ name, bytes }) => ({ name, bytes })),
      { name: 'manifest.json', bytes: frozen.manifest.bytes },
    ];
    for (const { name, bytes } of sizes) {
      const { size } = await stat(join(folder, 'x', name));
      if (size !== bytes) throw new Error(`${name} has ${size} bytes, and ${bytes} were counted`);
    }
    const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
    console.log(
      JSON.stringify({
        rows: frozen.controls.rows,
        seconds: Math.round(seconds),
        rssBeforeMb: megabytes(before),
        peakRssMb: megabytes(peak),
        megabytes: Object.fromEntries(
          sizes.map(({ name, bytes }) => [
            name.replace(/.*\./, name.startsWith('manifest') ? 'manifest.' : ''),
            megabytes(bytes),
          ]),
        ),
      }),
    );
  } finally {
    clearInterval(looking);
    await rm(folder, { recursive: true });
  }
}

await main(Number(process.argv[2] ?? 1_000_000));
