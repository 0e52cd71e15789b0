import { freshName } from '../../src/hostile/openapi/sample.ts';
import { send } from '../../src/hostile/wire/client.ts';
import type { Platform } from './platform.ts';
import type { Principals } from './principals.ts';

/**
 * Whether an explanation keeps the values from somebody who may not see them, and shows them to somebody who may: of a role whose condition
 * looks at what was asked.
 */
export async function valuesRedacted(platform: Platform, principals: Principals): Promise<boolean> {
  const baseUrl = platform.fleet.baseUrl('auth');
  const post = async (target: string, who: string, json: object): Promise<string> => {
    const headers = { ...(await principals.credentials(who)), 'content-type': 'application/json' };
    const answer = await send(baseUrl, { method: 'POST', target, headers, body: JSON.stringify(json) });
    if (answer.status >= 300) throw new Error(`POST ${target} was answered ${answer.status}: ${answer.body}`);
    return answer.body;
  };
  const permission = 'catalog:entity:read';
  const value = freshName();
  const rules = [{ permission, effect: 'allow', condition: 'resource.kind == "component"' }];
  const role = JSON.parse(await post('/api/v1/auth/roles', 'ownerA', { name: freshName(), rules })) as {
    data: { id: string };
  };
  const question = { permission, resource: { type: 'entity', attributes: { kind: value } } };
  const explain = async (who: string): Promise<string> => {
    const grant = { roleId: role.data.id };
    await post(`/api/v1/users/${principals.names(`${who}.id`)}/roles`, 'ownerA', grant);
    return post('/api/v1/auth/authz/evaluate', who, question);
  };
  const [seen, shown] = [await explain('memberA'), await explain('ownerA')];
  const conditions = (text: string): number =>
    (JSON.parse(text) as { data: { statements: { conditions: unknown[] }[] } }).data.statements.flatMap(
      (statement) => statement.conditions,
    ).length;
  return conditions(seen) > 0 && !seen.includes(value) && shown.includes(value);
}
