/** Into how many parts principals and scopes of a tenant are split; a tenant's snapshot can never change it. */
const parts = 256;

/** Shards that a tenant has once. */
export const tenantShard = 'tenant';
export const roleShard = 'roles';
export const policyShard = 'policies';
/** In the platform tenant alone. */
export const serviceShard = 'services';

export function principalShard(id: string): string {
  return partName('principals', partOf(id));
}

export function scopeShard(id: string): string {
  return partName('scopes', partOf(id));
}

export type ShardKind = 'tenant' | 'roles' | 'policies' | 'services' | 'principals' | 'scopes';

/** What a shard of this name holds; undefined for a name that no shard has. */
export function kindOfShard(name: string): { kind: ShardKind; part: number } | undefined {
  const [, single, split, part] =
    /^(?:(tenant|roles|policies|services)|(principals|scopes)-([0-9a-f]{2}))$/.exec(name) ?? [];
  if (single !== undefined) return { kind: single as ShardKind, part: 0 };
  return split === undefined ? undefined : { kind: split as ShardKind, part: Number.parseInt(part!, 16) };
}

/** The part an id belongs to: FNV-1a (32 bits) of its UTF-16 code units, folded to 8 bits. */
export function partOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (parts - 1);
}

function partName(kind: string, part: number): string {
  return `${kind}-${part.toString(16).padStart(2, '0')}`;
}
