import { stringify } from 'csv-stringify/sync';
import { FrozenRowV1 } from '../contracts/score-export.v1.ts';
import type { CsvLines } from '../domain/exports/formats.ts';
import type { SnapshotPorts } from '../domain/exports/snapshot.ts';
import type { Files } from '../domain/ports/files.ts';
import { contentHash, newHash } from './digest.ts';

/** RFC 4180: quotes where they are needed, around any kind of line end and blanks at the edges too. */
export const csvLines: CsvLines = (records) =>
  stringify(
    records.map((record) => [...record]),
    { record_delimiter: '\r\n', quoted_match: /[\r\n]|^\s|\s$/ },
  );

/** What snapshots are written and read with. */
export function snapshotPorts(files: Files): SnapshotPorts {
  return { files, csv: csvLines, newHash, contentHash, readRow: (line) => FrozenRowV1.parse(JSON.parse(line)) };
}
