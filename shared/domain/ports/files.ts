/** One version of a file, of those that a key ever held. */
export interface FileVersion {
  readonly key: string;
  readonly versionId: string;
  /** Whether it is the one that {@link Files.read} reads. */
  readonly latest: boolean;
  /** A version that says that the file is gone. */
  readonly removed: boolean;
}

/** The versioned object storage that holds anchors, exports and the inputs of reviews. */
export interface Files {
  /** Writes a file of any size in bounded memory; what stood there before becomes an older version. */
  write(key: string, type: string, chunks: Iterable<string> | AsyncIterable<string>): Promise<void>;
  /**
   * Writes a small file where nothing stands; of several writers at a time one does.
   * @returns false where something stands already
   */
  writeNew(key: string, type: string, text: string): Promise<boolean>;
  /** A file's bytes, of its latest version unless one is named; undefined where nothing stands. */
  read(key: string, versionId?: string): Promise<Uint8Array | undefined>;
  /** All versions of all files whose keys start so, by key, the latest first. */
  versions(prefix: string): AsyncIterable<FileVersion>;
  /**
   * An address at which anybody may fetch the file until it ends.
   * @param seconds for which it works, at most 604,800
   * @param fileName under which a browser stores it
   */
  link(key: string, seconds: number, fileName: string): Promise<string>;
}
