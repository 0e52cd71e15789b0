export { createSecrets, type Secrets, type TenantSecrets } from './secrets.ts';
export type { SealTarget } from './cipher.ts';
export { localFileKeyProvider } from './local-file.ts';
export { secretsMigrations } from './migrations.ts';
export type { KeyProvider, KeyRow, KeyRowStore, KeyState, NewKeyRow } from './ports.ts';
