import type { Entity } from '../model/entity.ts';
import { refOfEntity } from '../model/entity-ref.ts';
import { type LocationRef, formatLocationRef } from '../model/location-ref.ts';
import { ModelError } from '../model/model-error.ts';

/** A kind a source may bring in, with `type` only for that value of `spec.type`; compared without regard to case. */
export interface AllowedKind {
  kind: string;
  type?: string;
}

/** What locations registered by API may bring in. Configured sources bring in every kind. */
export const kindsOfRegisteredLocations: readonly AllowedKind[] = [
  { kind: 'Component' },
  { kind: 'API' },
  { kind: 'Location' },
];

export function checkAllowedKind(
  entity: Entity,
  location: LocationRef,
  allowed: readonly AllowedKind[] | undefined,
): void {
  if (!allowed) return;
  const type = entity.spec?.['type'];
  const matches = allowed.some((rule) => {
    if (rule.kind.toLowerCase() !== entity.kind.toLowerCase()) return false;
    return rule.type === undefined || (typeof type === 'string' && rule.type.toLowerCase() === type.toLowerCase());
  });
  if (matches) return;
  const message = `Entity ${refOfEntity(entity)} at ${formatLocationRef(location)} is not of an allowed kind for that location`;
  throw new ModelError('kind-not-allowed', message, ['kind']);
}
