// `npm run generate`: protobuf code and topic registry, rights on the brokers, Envoy's files, table types of a migrated database, OpenAPI documents,
// the list of metrics.
// With `--check` nothing is left changed, and the exit code says whether the committed files are fresh.
import { GeneratedFiles } from './generate/files.ts';
import { generateContracts } from '../libs/contracts/src/generate/generate-contracts.ts';

const files = await GeneratedFiles.remember([
  'libs/contracts/src/generated',
  'deploy/kafka',
  'deploy/envoy',
  'services',
  'docs',
]);
let problems: string[];
try {
  await generateContracts();
  // Loaded only now: services check their events against the registry when they are imported.
  const { generateFromFleet } = await import('./generate/fleet.ts');
  problems = await generateFromFleet();
  const { writeKafkaAcls } = await import('./generate/kafka-acls.ts');
  await writeKafkaAcls();
  const { writeEnvoyFiles } = await import('./generate/envoy.ts');
  await writeEnvoyFiles();
  const { writeMetricsPage } = await import('./generate/metrics.ts');
  await writeMetricsPage();
  await files.format();
  if (process.argv.includes('--check')) problems.push(...(await files.changedAndRestore()));
} catch (error) {
  problems = [(error as Error).message];
}
for (const problem of problems) console.log(problem);
process.exit(problems.length === 0 ? 0 : 1);
