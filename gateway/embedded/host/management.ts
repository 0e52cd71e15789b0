import type { RunningService } from '@idp/service';
import { startManagement, type Health, type ManagementServer } from '@idp/service';
import { renderMetrics, type Telemetry } from '@idp/telemetry';

/** The one management port of the process: probes and metrics of the gateway and of every service together. */
export function startFleetManagement(options: {
  host: string;
  port: number;
  telemetry: Telemetry;
  version: string;
  /** Undefined until they have started. */
  services: () => readonly RunningService[] | undefined;
  isDraining: () => boolean;
}): Promise<ManagementServer> {
  const { host, port, telemetry, version, services, isDraining } = options;
  return startManagement({
    host,
    port,
    source: {
      health: () => mergedHealth(services(), isDraining()),
      metrics: () => {
        const registries = (services() ?? []).map((service) => service.telemetry.metrics.registry);
        return renderMetrics([telemetry.metrics.registry, ...registries]);
      },
      info: async () => ({
        service: 'embedded',
        version,
        uptimeSeconds: Math.round(process.uptime()),
        services: await Promise.all((services() ?? []).map((service) => service.info())),
      }),
    },
  });
}

function mergedHealth(services: readonly RunningService[] | undefined, draining: boolean): Health {
  if (services === undefined) return { started: false, ready: false, checks: [] };
  const all = services.map((service) => ({ name: service.name, ...service.health() }));
  return {
    started: all.every(({ started }) => started),
    ready: !draining && all.every(({ ready }) => ready),
    checks: all.flatMap(({ name, checks }) => checks.map((check) => ({ ...check, name: `${name}.${check.name}` }))),
  };
}
