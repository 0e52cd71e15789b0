/** Roles of one service (data.md §2.1) and its schema. */
export interface ServiceRoles {
  owner: string;
  app: string;
  relay: string;
  search: string;
  schema: string;
}

export const defaultRolePrefix = 'idp_';

const serviceName = /^[a-z][a-z0-9-]{0,30}$/;
const prefixForm = /^[a-z][a-z0-9_]{0,20}$/;

/** Role and schema names; they are plain SQL identifiers and need no quoting. */
export function serviceRoles(service: string, prefix: string = defaultRolePrefix): ServiceRoles {
  if (!serviceName.test(service)) throw new Error(`not a service name: ${service}`);
  if (!prefixForm.test(prefix)) throw new Error(`not a role prefix: ${prefix}`);
  const schema = service.replaceAll('-', '_');
  const stem = `${prefix}${schema}`;
  return { owner: `${stem}_owner`, app: `${stem}_app`, relay: `${stem}_relay`, search: `${stem}_search`, schema };
}
