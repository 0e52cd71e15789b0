import type { PolicyRecord } from './model.ts';
import { anyCovers } from './roles/pattern.ts';

export interface PolicyIndex {
  readonly all: readonly PolicyRecord[];
  /** Those that name the permission. */
  about(permission: string): readonly PolicyRecord[];
}

const nothing: readonly PolicyRecord[] = [];
const permissionsMax = 4_096;

export function createPolicyIndex(all: readonly PolicyRecord[]): PolicyIndex {
  const remembered = new Map<string, readonly PolicyRecord[]>();
  return {
    all,
    about(permission) {
      if (all.length === 0) return nothing;
      const known = remembered.get(permission);
      if (known !== undefined) return known;
      if (remembered.size >= permissionsMax) remembered.clear();
      const found = all.filter(({ permissions }) => anyCovers(permissions, permission));
      remembered.set(permission, found);
      return found;
    },
  };
}
