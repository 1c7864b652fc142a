import type { Files } from '../domain/ports/files.ts';

/** Files in memory, for tests and simulations: every version is kept, as a versioned bucket does. */
export function memoryFiles(): Files {
  const kept = new Map<string, string[]>();
  return {
    async write(key, _type, chunks) {
      let text = '';
      for await (const chunk of chunks) text += chunk;
      kept.set(key, [...(kept.get(key) ?? []), text]);
    },
    async writeNew(key, _type, text) {
      if (kept.has(key)) return false;
      kept.set(key, [text]);
      return true;
    },
    async read(key, versionId) {
      const texts = kept.get(key);
      const text = versionId === undefined ? texts?.at(-1) : texts?.[Number(versionId)];
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    async *versions(prefix) {
      for (const key of [...kept.keys()].filter((each) => each.startsWith(prefix)).sort()) {
        const last = (kept.get(key)?.length ?? 0) - 1;
        for (let at = last; at >= 0; at -= 1) yield { key, versionId: String(at), latest: at === last, removed: false };
      }
    },
    link: async (key, seconds) => `memory:${key}?seconds=${seconds}`,
  };
}
