// `npm run migrate`: roles, schemas and every missing migration on `DATABASE_URL`, or on the embedded PostgreSQL of `IDP_DATA_DIR`;
// with `KAFKA_BROKERS` also the topics and, with `--kafka-acls`, the rights of the services' principals (deploy/kafka/acls.yaml).
import { loadConfig } from '@idp/config';
import { brokerPrincipals, services } from '@idp/gateway';
import { createTelemetry } from '@idp/telemetry';
import { hostConfig } from '../gateway/embedded/host/config.ts';
import { openFleetDatabase } from '../gateway/embedded/state/fleet-database.ts';
import { prepareFleetAcls, prepareFleetTopics } from '../gateway/embedded/state/fleet-topics.ts';
import { openStateDirectory } from '../gateway/embedded/state/state-directory.ts';

try {
  const { values } = loadConfig(hostConfig);
  const { logger } = createTelemetry({ service: 'migrate', version: values.SERVICE_VERSION, level: values.LOG_LEVEL });
  const state = await openStateDirectory(values.IDP_DATA_DIR);
  const database = await openFleetDatabase(values, state, () => undefined);
  try {
    await database.prepare(services, logger);
    await prepareFleetTopics(values, services, logger);
    if (process.argv.includes('--kafka-acls')) await prepareFleetAcls(values, brokerPrincipals, logger);
    console.log(`${database.description}: ${services.map(({ name }) => name).join(', ')} are at this release`);
  } finally {
    await database.stop();
  }
} catch (error) {
  console.error(`migrate: ${(error as Error).message}`);
  process.exit(1);
}
process.exit(0);
