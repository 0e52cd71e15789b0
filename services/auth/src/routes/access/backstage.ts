import { contextOf, type Principal } from '@idp/auth';
import { ValidationError } from '@idp/errors';
import { backstageErrorSchema, backstageMount, principalOf, text, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { authorizeBackstage, type BackstageAnswer } from '../../operations/access/authorize-backstage.ts';
import { readAsked } from '../../operations/access/question.ts';
import { readForCaller } from '../write.ts';

const itemsMax = 1000;
const line = text({ max: 2_048 });
const attributes = z.object({ action: z.enum(['create', 'read', 'update', 'delete']).optional() });
const item = z.object({
  id: text({ max: 200 }),
  permission: z.union([
    z.object({ type: z.literal('basic'), name: line, attributes }),
    z.object({ type: z.literal('resource'), name: line, attributes, resourceType: line }),
  ]),
  resourceRef: z
    .union([line, z.array(line).min(1).max(itemsMax)])
    .optional()
    .meta({ description: 'Several are answered by as many results' }),
});

const definitive = z.enum(['ALLOW', 'DENY']);
const answer = z.object({
  id: z.string(),
  result: z.union([definitive, z.array(definitive), z.literal('CONDITIONAL')]),
  pluginId: z.string().optional(),
  resourceType: z.string().optional(),
  conditions: z.looseObject({}).optional().meta({ description: 'Criteria over `IS_ENTITY_OWNER`' }),
});

/** What Backstage's plugins and frontends ask, in the form of `@backstage/plugin-permission-common`. */
export function backstagePermissionRoutes(ctx: AuthContext): RoutePlugin {
  return backstageMount('/api/permission', [
    async (app) => {
      app.post('/authorize', {
        config: {
          access: 'authenticated',
          envelope: false,
          idempotency: 'none',
          errors: ['AUTHZ_STALE'],
        },
        schema: {
          operationId: 'authorizeBackstage',
          summary:
            "Decide permissions of Backstage's plugins; members name a resource, programs may ask for a condition",
          tags: ['decisions'],
          body: z.strictObject({ items: z.array(item).max(itemsMax) }),
          response: { 200: z.object({ items: z.array(answer) }), default: backstageErrorSchema },
        },
        handler: async (request) => {
          const principal = principalOf(request);
          const { items } = request.body;
          requireRefs(principal, items);
          const asked = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
          const questions = items.map(({ permission, resourceRef: refs }) => ({
            permission,
            name: permission.name,
            refs,
          }));
          const context = contextOf(principal, { ip: request.ip, mutates: false }, ctx.clock());
          const { signal } = request.operation;
          const answers = await authorizeBackstage(ctx, asked, questions, { principal, context, signal });
          return { items: answers.map((decided, index) => ({ id: items[index]!.id, ...viewOf(decided) })) };
        },
      });
    },
  ]);
}

function viewOf(decided: BackstageAnswer): Omit<z.input<typeof answer>, 'id'> {
  return decided.result === 'CONDITIONAL' ? { ...decided, conditions: { ...decided.conditions } } : decided;
}

/** What all of a kind may be seen by is for programs, or a service that acts for somebody. */
function requireRefs({ type, actingService }: Principal, items: readonly z.output<typeof item>[]): void {
  if (type === 'service' || actingService !== undefined) return;
  if (items.some(({ permission, resourceRef }) => permission.type === 'resource' && resourceRef === undefined)) {
    throw new ValidationError(
      'Resource permissions require a resourceRef to be set. Direct user requests without a resourceRef are not allowed.',
    );
  }
}
