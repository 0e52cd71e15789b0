import { reasonOf } from '../decide.ts';
import type { DecisionRequest } from '../model.ts';
import type { SubjectRef, World } from '../world.ts';

export interface AllowedSubject extends SubjectRef {
  /** The binding, or the policy, that says so. */
  by: { bindingId: string; teamId?: string } | { policyId: string };
}

export interface SubjectPage {
  subjects: AllowedSubject[];
  /** Give it as `after` for the next page; absent on the last one. */
  next?: string;
}

/**
 * Who may do this to the resource, in the order of ids. Conditions see of a principal what the snapshot knows: one that
 * asks for more, such as `principal.acr`, meets an error, so that its allow does not count and its deny does.
 */
export function listSubjects(
  world: World,
  request: Pick<DecisionRequest, 'permission' | 'resource' | 'context'>,
  now: number,
  { after, limit }: { after?: string; limit: number },
): SubjectPage {
  const waiting: SubjectRef[] = [];
  for (const [ref] of world.people.subjects()) if (after === undefined || ref.id > after) waiting.push(ref);
  waiting.sort((a, b) => (a.id < b.id ? -1 : 1));

  const subjects: AllowedSubject[] = [];
  for (const ref of waiting) {
    const by = allowedBy(world, request, ref, now);
    if (by === undefined) continue;
    if (subjects.length === limit) return { subjects, next: subjects.at(-1)!.id };
    subjects.push({ ...ref, by });
  }
  return { subjects };
}

function allowedBy(
  world: World,
  request: Pick<DecisionRequest, 'permission' | 'resource' | 'context'>,
  { type, id }: SubjectRef,
  now: number,
): AllowedSubject['by'] | undefined {
  const principal = { type: type === 'user' ? ('user' as const) : ('service' as const), id, tenantId: world.tenantId };
  let by: AllowedSubject['by'] | undefined;
  const reason = reasonOf(world, { ...request, principal }, now, (source, effect, outcome) => {
    if (effect !== 'allow' || outcome !== true || by !== undefined) return;
    if ('policy' in source) by = { policyId: source.policy.id };
    else by = { bindingId: source.binding.id, ...(source.teamId !== undefined && { teamId: source.teamId }) };
  });
  return reason === 'allowed' ? by : undefined;
}
