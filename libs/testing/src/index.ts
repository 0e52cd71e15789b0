/** Servers, databases, tokens and clients for tests. */
export { emptyDatabase, type EmptyDatabase } from './database/empty-database.ts';
export { testDatabase, type ServiceUrls, type TestDatabase } from './database/test-database.ts';
export { startTestFleet, type TestAnswer, type TestFleet, type TestFleetOptions } from './fleet/test-fleet.ts';
export type { People, TestPrincipal, TestTenant } from './fleet/test-tenant.ts';
export {
  startTestService,
  type ServiceAnswer,
  type ServiceRequest,
  type TestService,
  type TestServiceOptions,
} from './fleet/test-service.ts';
export {
  createTestIdentities,
  type SignedTenant,
  type TestIdentities,
  type TestPerson,
} from './fleet/test-identities.ts';
export { testEnvoy, testKafka, testRedis, type TestKafka, type TestRedis } from './servers/test-servers.ts';
export {
  createSimulatedDatabase,
  type SimulatedDatabase,
  type SimulatedTransaction,
  type StatementModel,
} from './simulation/database.ts';
export { createWorld, type SimulatedProcess, type World } from './simulation/world.ts';
export { createTestAccess, type TestAccess } from './fleet/test-access.ts';
