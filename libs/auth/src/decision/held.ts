import type { BindingRecord, DecisionPrincipal, PrincipalRecord, SubjectType } from './model.ts';
import type { ScopeIndex } from './scope-index.ts';
import type { World } from './world.ts';

const nothing: readonly never[] = [];

/** Teams it is in, directly or through a team below. */
export function teamsOf(scopes: ScopeIndex, { teamIds = nothing }: PrincipalRecord): readonly string[] {
  if (teamIds.length === 0) return nothing;
  if (teamIds.length === 1) return scopes.teamsAbove(teamIds[0]!);
  return [...new Set(teamIds.flatMap((teamId) => scopes.teamsAbove(teamId)))];
}

/** Bindings of the principal and of its teams; `teamId` says whose it is. `visit` ends the walk by answering true. */
export function someBinding(
  world: World,
  record: PrincipalRecord,
  teamIds: readonly string[],
  visit: (binding: BindingRecord, teamId: string | undefined) => boolean,
): boolean {
  for (const binding of record.bindings ?? nothing) if (visit(binding, undefined)) return true;
  for (const teamId of teamIds) {
    for (const binding of world.people.team(teamId)?.bindings ?? nothing) if (visit(binding, teamId)) return true;
  }
  return false;
}

/** `startsAt ≤ now < expiresAt`, to the millisecond. */
export function isActive({ startsAt, expiresAt }: BindingRecord, now: number): boolean {
  return startsAt <= now && (expiresAt === undefined || now < expiresAt);
}

export function subjectType({ type }: Pick<DecisionPrincipal, 'type'>): SubjectType {
  return type === 'user' ? 'user' : 'service-account';
}

export function isPlatformService({ type, id }: Pick<DecisionPrincipal, 'type' | 'id'>): boolean {
  return type === 'service' && id.startsWith('service:');
}
