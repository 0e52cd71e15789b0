import { alignRows } from '../embedded/console/start-table.ts';
import type { ProcessFleet } from './start-processes.ts';

export interface FleetFacts {
  fleet: ProcessFleet;
  email: string;
  exposeDocs: boolean;
  /** From the start of the launcher until Envoy served. */
  seconds: number;
}

/** For a program: one line of JSON. */
export function fleetLine(fleet: ProcessFleet): string {
  const { publicUrl: gateway, databaseUrl, kafkaBrokers, redisUrl, processes: services } = fleet;
  return `${JSON.stringify({ gateway, databaseUrl, kafkaBrokers, redisUrl, services })}\n`;
}

/** For a person. */
export function formatFleetTable({ fleet, email, exposeDocs, seconds }: FleetFacts): string {
  const { publicUrl } = fleet;
  const rows = alignRows([
    ['Gateway', `${publicUrl}  (Envoy ${fleet.envoy})`],
    ['Docs', exposeDocs ? `${publicUrl}/docs  (Swagger UI: ${publicUrl}/docs/swagger)` : 'not exposed'],
    ['Health', `${publicUrl}/api/v1/health`],
    ['Login', email],
    ['Password', fleet.password.shown],
    ['Database', fleet.database],
    ['Kafka', fleet.kafkaBrokers.join(', ')],
    ['Redis', fleet.redisUrl],
    ['Logs', fleet.logDirectory],
  ]);
  const processes = alignRows(
    Object.entries(fleet.processes).map(([name, { http, management }]) => [
      name,
      `${http}  metrics ${management}/metrics`,
    ]),
  );
  return `\n  Internal Developer Platform as ${Object.keys(fleet.processes).length} processes, ready after ${seconds.toFixed(1)} s\n\n${rows}\n\n${processes}\n\n`;
}
