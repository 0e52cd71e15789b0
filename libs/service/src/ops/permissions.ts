import type { PermissionManifest } from '@idp/auth';

/** What the kernel adds to the manifest of every service: the rights of its operators, for `/api/v1/<service>/ops`. */
export function opsPermissions(service: string): PermissionManifest {
  return {
    [`${service}:ops:read`]: {
      description: 'See dead letters, parked events, consumers and jobs',
      resource: 'ops',
      role: 'admin',
    },
    [`${service}:ops:inspect`]: {
      description: 'See payloads and headers of dead letters and jobs',
      resource: 'ops',
      role: 'admin',
    },
    [`${service}:ops:redrive`]: {
      description: 'Run dead letters, parked events and failed jobs again',
      resource: 'ops',
      role: 'admin',
    },
    [`${service}:ops:discard`]: {
      description: 'Close dead letters and jobs without their effect',
      resource: 'ops',
      role: 'admin',
    },
    [`${service}:ops:control`]: {
      description: 'Pause, resume and rebuild consumers and schedules, ask for snapshots',
      resource: 'ops',
      role: 'admin',
    },
  };
}
