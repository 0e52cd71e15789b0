// `npm run fleet [-- --json]`: the platform as production runs it, on this machine; see docs/operations/fleet.md.
import { ConfigError, loadConfig } from '@idp/config';
import { hostConfig } from '../embedded/host/config.ts';
import { superviseHost } from '../embedded/host/supervise.ts';
import { formatFleetTable, fleetLine } from './start-table.ts';
import { startProcesses } from './start-processes.ts';

const stopMaxMs = 40_000;

try {
  const asJson = readFlags(process.argv.slice(2));
  const { values } = loadConfig(hostConfig);
  const supervisor = superviseHost({ stopMaxMs });
  const fleet = await startProcesses(values, process.env);
  supervisor.watch(fleet);
  const facts = { fleet, email: values.IDP_ADMIN_EMAIL, exposeDocs: values.EXPOSE_DOCS, seconds: process.uptime() };
  if (!supervisor.stopping.aborted) process.stdout.write(asJson ? fleetLine(fleet) : formatFleetTable(facts));
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(`idp: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  if (!(error instanceof ConfigError) && process.env['LOG_LEVEL'] === 'debug')
    process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}

function readFlags(args: readonly string[]): boolean {
  const unknown = args.find((argument) => argument !== '--json');
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}: npm run fleet [-- --json]`);
  return args.includes('--json');
}
