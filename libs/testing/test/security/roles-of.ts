import { jsonOf, send } from '../../src/hostile/wire/client.ts';

/** A role somebody was given directly. */
export interface GivenRole {
  id: string;
  roleId: string;
  scopeType: string;
  scopeId: string;
}

const bindings = '/api/v1/auth/role-bindings';

/** Takes every role from a person, as somebody who may; what was taken. */
export async function takeRoles(
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
  userId: string,
): Promise<readonly GivenRole[]> {
  const list = await send(baseUrl, { method: 'GET', target: `${bindings}?principalId=${userId}&limit=100`, headers });
  const { data: given } = jsonOf(list) as { data: GivenRole[] };
  for (const { id } of given) {
    const target = `${bindings}/${id}`;
    const answer = await send(baseUrl, { method: 'DELETE', target, headers: { ...headers, 'if-match': '*' } });
    if (answer.status !== 204 && answer.status !== 200)
      throw new Error(`DELETE ${target} was answered ${answer.status}: ${answer.body}`);
  }
  return given;
}
