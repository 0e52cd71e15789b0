// Schemas follow buf's rules and break no reader of the last released ones; every consumer in code is listed in topics.yaml.
import { checkContracts } from '../libs/contracts/src/generate/generate-contracts.ts';

try {
  await checkContracts();
} catch (error) {
  console.log((error as Error).message);
  process.exit(1);
}
