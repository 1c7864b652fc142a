import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { appendFile, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Machine } from './cloud.ts';
import { inTransaction } from './transaction.ts';

const Version = z.object({
  seq: z.number(),
  key: z.string(),
  version: z.string(),
  /** 1 for a delete marker, which has no file. */
  marker: z.number(),
  latest: z.number(),
  etag: z.string(),
  size: z.number(),
  headers: z.string().transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
  modified_at: z.number(),
  file: z.string(),
});
/** One version of an object, or a delete marker. */
export type Version = z.infer<typeof Version>;

const Part = z.object({ number: z.number(), etag: z.string(), size: z.number(), file: z.string() });
export type Part = z.infer<typeof Part>;

/** What is stored of an object beside its bytes. */
export interface Stored {
  readonly etag: string;
  readonly size: number;
  /** As they are given back: `content-type`, `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly file: string;
}

export type KeptObjects = ReturnType<typeof keptObjects>;

/**
 * Objects as files, with an index in the store. A file is written under a name of its own before the index knows it, so
 * a crash leaves at most a file that nobody names; those go at the next start.
 */
export function keptObjects({ store, clock, folder: data }: Machine) {
  const folder = join(data, 'buckets');
  mkdirSync(folder, { recursive: true });
  store.exec(`
    create table if not exists bucket_objects (
      seq integer primary key autoincrement, bucket text not null, key text not null, version text not null,
      marker integer not null, latest integer not null, etag text not null, size integer not null,
      headers text not null, modified_at integer not null, file text not null, unique (bucket, key, version));
    create table if not exists bucket_uploads (id text primary key, bucket text not null, key text not null, headers text not null);
    create table if not exists bucket_parts (
      upload text not null, number integer not null, etag text not null, size integer not null, file text not null,
      primary key (upload, number))`);
  const pathOf = (file: string) => join(folder, file);
  const erase = (files: readonly string[]) => {
    for (const file of files) if (file !== '') rmSync(pathOf(file), { force: true });
  };
  const forget = (bucket: string, key: string, version: string): Version | undefined => {
    const row = store
      .prepare('delete from bucket_objects where bucket = ? and key = ? and version = ? returning *')
      .get(bucket, key, version);
    return row && Version.parse(row);
  };
  return {
    async write(bytes: Buffer): Promise<string> {
      const file = randomUUID();
      await writeFile(pathOf(file), bytes);
      return file;
    },
    /** One file out of several, read one by one. */
    async join(files: readonly string[]): Promise<string> {
      const joined = randomUUID();
      for (const file of files) await appendFile(pathOf(joined), await readFile(pathOf(file)));
      return joined;
    },
    /** @param range first and last byte */
    async read({ file, size }: Version, range = { first: 0, last: size - 1 }): Promise<Buffer> {
      const bytes = Buffer.alloc(range.last - range.first + 1);
      const handle = await open(pathOf(file));
      try {
        await handle.read(bytes, 0, bytes.length, range.first);
      } finally {
        await handle.close();
      }
      return bytes;
    },
    erase,
    /** The newest version, which may be a delete marker, or the one that is named. */
    find(bucket: string, key: string, version?: string): Version | undefined {
      const row = store
        .prepare(
          'select * from bucket_objects where bucket = ? and key = ? and (version = ? or (? is null and latest = 1))',
        )
        .get(bucket, key, version ?? null, version ?? null);
      return row && Version.parse(row);
    },
    /** Makes it the newest; without a file, a delete marker. An unversioned bucket keeps no other. */
    add(bucket: string, key: string, isVersioned: boolean, stored?: Stored): string {
      const version = isVersioned ? randomUUID().replaceAll('-', '') : 'null';
      const { etag = '', size = 0, headers = {}, file = '' } = stored ?? {};
      const before = inTransaction(store, () => {
        const replaced = forget(bucket, key, version);
        store.prepare('update bucket_objects set latest = 0 where bucket = ? and key = ?').run(bucket, key);
        store
          .prepare('insert into bucket_objects values (null, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)')
          .run(bucket, key, version, stored ? 0 : 1, etag, size, JSON.stringify(headers), clock.now(), file);
        return replaced;
      });
      erase([before?.file ?? '']);
      return version;
    },
    remove(bucket: string, key: string, version: string): Version | undefined {
      const removed = inTransaction(store, () => {
        const gone = forget(bucket, key, version);
        store
          .prepare(
            'update bucket_objects set latest = 1 where seq = (select max(seq) from bucket_objects where bucket = ? and key = ?)',
          )
          .run(bucket, key);
        return gone;
      });
      erase([removed?.file ?? '']);
      return removed;
    },
    /** In the order of their keys, newest first, those of keys after `after`. */
    *list(bucket: string, prefix: string, after: string, withVersions: boolean): Generator<Version> {
      const rows = store
        .prepare(
          `select * from bucket_objects where bucket = ? and key >= ? and key > ? and substr(key, 1, length(?)) = ?
             ${withVersions ? '' : 'and latest = 1 and marker = 0'} order by key, seq desc`,
        )
        .iterate(bucket, prefix, after, prefix, prefix);
      for (const row of rows) yield Version.parse(row);
    },
    uploads: uploadsIn(store),
    /** Removes the files that nothing names. */
    sweep(): void {
      const named = store.prepare('select file from bucket_objects union select file from bucket_parts').all();
      const known = new Set(named.map(({ file }) => String(file)));
      erase(readdirSync(folder).filter((file) => !known.has(file)));
    },
  };
}

/** Multipart uploads that are under way. */
function uploadsIn(store: Machine['store']) {
  return {
    begin(bucket: string, key: string, headers: Stored['headers']): string {
      const id = randomUUID();
      store.prepare('insert into bucket_uploads values (?, ?, ?, ?)').run(id, bucket, key, JSON.stringify(headers));
      return id;
    },
    /** The headers that it began with; undefined for an upload that is not under way. */
    find(id: string, bucket: string, key: string): Stored['headers'] | undefined {
      const row = store
        .prepare('select headers from bucket_uploads where id = ? and bucket = ? and key = ?')
        .get(id, bucket, key);
      return row && z.record(z.string(), z.string()).parse(JSON.parse(String(row.headers)));
    },
    put: (id: string, { number, etag, size, file }: Part) =>
      void store
        .prepare('insert or replace into bucket_parts values (?, ?, ?, ?, ?)')
        .run(id, number, etag, size, file),
    parts: (id: string): Part[] =>
      z
        .array(Part)
        .parse(
          store.prepare('select number, etag, size, file from bucket_parts where upload = ? order by number').all(id),
        ),
    end(id: string): void {
      store.prepare('delete from bucket_parts where upload = ?').run(id);
      store.prepare('delete from bucket_uploads where id = ?').run(id);
    },
  };
}
