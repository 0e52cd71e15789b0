import { registerLedger } from './event-types.ts';

registerLedger();
// Definitions look up their types while they are loaded.
const [{ ledger }, { runService }] = await Promise.all([import('./service.ts'), import('@idp/service')]);
await runService(ledger);
