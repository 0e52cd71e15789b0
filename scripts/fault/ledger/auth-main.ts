import { registerPermissionsOf } from '../stack/test-service.ts';

registerPermissionsOf('ledger');
// Definitions look up their topics while they are loaded.
const [{ auth }, { runService }] = await Promise.all([import('@idp/auth-service'), import('@idp/service')]);
await runService(auth);
