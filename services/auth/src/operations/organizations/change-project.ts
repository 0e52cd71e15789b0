import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { deleteBindingsAt } from '../../store/members/role-bindings.ts';
import { lockOrganization } from '../../store/organizations/organizations.ts';
import { findProject, lockProject, saveProject, type Project } from '../../store/organizations/projects.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { requireOwner } from './create-project.ts';
import { projectData, projectState } from './project-events.ts';

export interface ProjectChange {
  name?: string | undefined;
  description?: string | undefined;
  /** Null gives the project to the organization itself. */
  ownerTeamId?: string | null | undefined;
}

interface Target {
  id: string;
  /** Called with the version before the change; throws to refuse (If-Match). */
  precondition(version: number): void;
}

/** Changes what is said of a project, and who owns it. 404, 412, 422 `REFERENCE_INVALID` for the owner. */
export async function updateProject(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { id, precondition, change }: Target & { change: ProjectChange },
): Promise<Project> {
  const before = await lockInTree(tx, id);
  precondition(before.version);
  const { name = before.name, description = before.description, ownerTeamId = before.ownerTeamId } = change;
  const now = ctx.clock();
  const stamps = updatedStamps(currentActor(), now);
  let after = before;
  if (name !== before.name || description !== before.description) {
    after = await saveProject(tx, id, { name, description, ...stamps });
    publish(tx, {
      type: 'idp.auth.v1.ProjectUpdated',
      aggregateId: id,
      version: after.version,
      data: { ...projectData(after), updatedAt: timestampFromDate(now) },
    });
  }
  if (ownerTeamId !== before.ownerTeamId) {
    await requireOwner(tx, before.organizationId, ownerTeamId);
    after = await saveProject(tx, id, { owner_team_id: ownerTeamId, ...stamps });
    await accessChanged(tx, ctx, { scopes: [id] });
    publish(tx, {
      type: 'idp.auth.v1.ProjectMoved',
      aggregateId: id,
      version: after.version,
      data: { ...projectData(after), movedAt: timestampFromDate(now) },
    });
  }
  if (after !== before) {
    tx.audit({
      action: 'auth:project:update',
      resourceType: 'project',
      resourceId: id,
      before: projectState(before),
      after: projectState(after),
    });
  }
  return after;
}

/** Deletes a project and what anybody held in it. 404, 412. */
export async function deleteProject(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { id, precondition }: Target,
): Promise<void> {
  const before = await lockInTree(tx, id);
  precondition(before.version);
  const now = ctx.clock();
  const actor = currentActor();
  const after = await saveProject(tx, id, {
    deleted_at: now.toISOString(),
    deleted_by: actor,
    ...updatedStamps(actor, now),
  });
  const principals = await deleteBindingsAt(tx, { type: 'project', id });
  await accessChanged(tx, ctx, { scopes: [id], principals });
  publish(tx, {
    type: 'idp.auth.v1.ProjectDeleted',
    aggregateId: id,
    version: after.version,
    data: { ...projectData(before), deletedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:project:delete',
    resourceType: 'project',
    resourceId: id,
    before: projectState(before),
  });
}

/** The project, while nobody changes the tree its owner stands in: always the organization first. */
async function lockInTree(tx: Tx<Tables>, id: string): Promise<Project> {
  const seen = await findProject(tx, id);
  if (seen !== undefined) await lockOrganization(tx, seen.organizationId);
  const project = seen && (await lockProject(tx, id));
  if (project === undefined) throw new NotFoundError('the project does not exist');
  return project;
}
