import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { UnprocessableError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { movedPaths, moveFault, teamDepthMax } from '../../domain/team-tree.ts';
import { findTeam, listSubtree, saveTeam, type Team } from '../../store/organizations/teams.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { referenceInvalid } from './create-team.ts';
import { teamData } from './team-events.ts';

/**
 * Puts a team, with everything below it, under another parent of the same organization, whose tree the caller has locked.
 * 422 `REFERENCE_INVALID` for the parent, `UNPROCESSABLE` for a cycle or a sixth level.
 */
export async function moveTeam(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { team, parentId }: { team: Team; parentId: string | null },
): Promise<Team> {
  const parent = parentId === null ? undefined : await findTeam(tx, parentId);
  if (parentId !== null && parent?.organizationId !== team.organizationId) throw referenceInvalid('parentId');
  const subtree = await listSubtree(tx, team.id);
  const move = { teamId: team.id, parentPath: parent?.path ?? [] };
  const fault = moveFault(subtree, move);
  if (fault === 'cycle') throw new UnprocessableError('a team cannot stand below itself');
  if (fault === 'depth') throw new UnprocessableError(`teams are nested ${teamDepthMax} deep at most`);
  const now = ctx.clock();
  const stamps = updatedStamps(currentActor(), now);
  let moved = team;
  for (const [id, path] of movedPaths(subtree, move)) {
    const place = { path, depth: path.length, ...(id === team.id && { parent_id: parentId }) };
    const after = await saveTeam(tx, id, { ...place, ...stamps });
    publish(tx, {
      type: 'idp.auth.v1.TeamMoved',
      aggregateId: id,
      version: after.version,
      data: { ...teamData(after), movedAt: timestampFromDate(now) },
    });
    if (id === team.id) moved = after;
  }
  await accessChanged(tx, ctx, { scopes: [team.id] });
  return moved;
}
