/** Which heads lie on the bus, as this process has read them there. */
export interface PublishedHeads {
  /** A head was read; of several the last one counts, as it does for everybody who reads the topic whole. */
  saw(tenantId: string, version: number): void;
  /** The topic is read from its beginning again. */
  forget(): void;
  /** All that lay there has been read. */
  caughtUp(): void;
  /**
   * Tenants whose newest head has been missing on the bus since the last call; none before the topic was read to its end. To
   * be called every few seconds: what was just written is on its way.
   */
  missing(store: { tenantIds(): string[]; version(tenantId: string): number | undefined }): string[];
}

export function createPublishedHeads(): PublishedHeads {
  const last = new Map<string, number>();
  /** What was missing at the last call, and has not been named before. */
  let late = new Map<string, number>();
  const named = new Map<string, number>();
  let isRead = false;

  return {
    saw(tenantId, version) {
      last.set(tenantId, version);
      named.delete(tenantId);
    },
    forget() {
      last.clear();
      named.clear();
    },
    caughtUp: () => void (isRead = true),
    missing(store) {
      if (!isRead) return [];
      const before = late;
      late = new Map();
      const missing: string[] = [];
      for (const tenantId of store.tenantIds()) {
        const version = store.version(tenantId)!;
        if (last.get(tenantId) === version || named.get(tenantId) === version) continue;
        late.set(tenantId, version);
        if (before.get(tenantId) !== version) continue;
        missing.push(tenantId);
        named.set(tenantId, version);
      }
      return missing;
    },
  };
}
