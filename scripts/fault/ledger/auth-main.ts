import { registerLedgerPermissions } from './event-types.ts';

registerLedgerPermissions();
// Definitions look up their topics while they are loaded.
const [{ auth }, { runService }] = await Promise.all([import('@idp/auth-service'), import('@idp/service')]);
await runService(auth);
