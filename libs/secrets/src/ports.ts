/**
 * Holder of the key-encryption key: a local file, a vault, a cloud service. Both calls may be remote; each is given 2 s.
 * `kekId` names the key-encryption key that wrapped, so that older ones stay usable after a rotation.
 */
export interface KeyProvider {
  wrap(dek: Buffer): Promise<{ kekId: string; wrapped: Buffer }>;
  unwrap(kekId: string, wrapped: Buffer): Promise<Buffer>;
  /** One line for the start log; names the kind and place, never a key. */
  describe(): string;
  health(): Promise<boolean>;
}

export type KeyState = 'active' | 'retired' | 'destroyed';

/** One row of `secret_keys`. `seals` counts reserved encryptions and never runs behind the real number. */
export interface KeyRow {
  tenantId: string;
  id: string;
  kekId: string;
  wrapped: Buffer;
  state: KeyState;
  seals: number;
  createdAt: Date;
}

/** A data key about to be stored as the tenant's active one. */
export interface NewKeyRow {
  tenantId: string;
  id: string;
  kekId: string;
  wrapped: Buffer;
}

/**
 * Where wrapped data keys live: the table `secret_keys` of one service. Each call is a transaction of its own on a
 * connection of its own, so values may be sealed and opened inside a caller's transaction.
 */
export interface KeyRowStore {
  /** The tenant's active row, if it has one. */
  activeKey(tenantId: string): Promise<KeyRow | undefined>;
  /**
   * In one transaction: retire `replaces` if it is still active, insert `row` as active unless another process was
   * faster (unique index `secret_keys_active`, `on conflict do nothing`), and answer whichever row is active then.
   */
  insertKey(row: NewKeyRow, options?: { replaces?: string }): Promise<KeyRow>;
  /** A row in any state. */
  getKey(tenantId: string, id: string): Promise<KeyRow | undefined>;
  /** The tenant's first row that is not destroyed (by `created_at, id`): fingerprints derive from it. */
  oldestKey(tenantId: string): Promise<KeyRow | undefined>;
  /** Adds `seals` to the row's count and answers the new count. */
  countSeals(tenantId: string, id: string, seals: number): Promise<number>;
  /** Every row of the tenant becomes `destroyed`, its `wrapped` empty, `destroyed_at` now. */
  destroyKeys(tenantId: string): Promise<void>;
}
