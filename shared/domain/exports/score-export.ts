import type { Instant, Month } from '../calendar/civil-date.ts';
import type { Controls } from './controls.ts';
import type { Format } from './formats.ts';

/** By which rules and in which form an export was written. */
export interface Versions {
  /** The policy that all of its rows follow. */
  readonly policy: number;
  /** The form of its rows and manifest. */
  readonly rows: 1;
}

/** What an export is about: it stands in its manifest. */
export interface About {
  readonly exportId: string;
  readonly period: Month;
  /** When freezing began: every row holds what was posted by then, and up to its head. */
  readonly asOf: Instant;
  readonly versions: Versions;
}

/** A file as it was written, by which its bytes are known again. */
export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/** An export that stands: its snapshot, its files and its manifest, which never change any more. */
export interface Frozen {
  readonly about: About;
  readonly controls: Controls;
  /** Under which all its files stand: of the try that finished first. */
  readonly folder: string;
  /** SHA-256 of each part of the snapshot, so that no page is made of a changed one. */
  readonly parts: readonly string[];
  readonly files: readonly (Written & { readonly format: Format; readonly name: string })[];
  readonly manifest: Written;
}

/** One export of the scores of a month, from its request on. */
export interface ScoreExport {
  readonly exportId: string;
  readonly period: Month;
  /** The one that was asked for; all are written. */
  readonly format?: Format;
  readonly requestedBy: string;
  readonly requestedAt: Instant;
  /** Counts its states, from 1. */
  readonly version: number;
  readonly progress:
    | { readonly state: 'running' }
    | { readonly state: 'failed'; readonly failedAt: Instant; readonly reason?: string }
    | ({ readonly state: 'ready' } & Frozen);
}

/** The export as it stands once it is written. */
export function ready(before: ScoreExport, frozen: Frozen): ScoreExport {
  return { ...before, version: before.version + 1, progress: { state: 'ready', ...frozen } };
}

/**
 * The export as it stands when every try failed; a further one may still finish it.
 * @param reason where it is one that somebody has to know and can act on
 */
export function failed(before: ScoreExport, failedAt: Instant, reason?: string): ScoreExport {
  const progress = { state: 'failed', failedAt, ...(reason !== undefined && { reason }) } as const;
  return { ...before, version: before.version + 1, progress };
}

/** Where a page of an export starts, as its caller carries it: which snapshot, after how many rows. */
export function cursorOf(exportId: string, from: number): string {
  return `${exportId}.${from}`;
}

/** What a cursor names; undefined for a text that is none. */
export function readCursor(cursor: string): { readonly exportId: string; readonly from: number } | undefined {
  const [, exportId, from] = /^([0-9a-f-]{36})\.(0|[1-9]\d{0,8})$/.exec(cursor) ?? [];
  return exportId === undefined ? undefined : { exportId, from: Number(from) };
}
