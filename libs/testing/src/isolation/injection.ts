import { prepareOperations } from '../hostile/target.ts';
import { outgoing } from '../hostile/target.ts';
import { leaksOf } from '../hostile/leaks.ts';
import { send } from '../hostile/wire/client.ts';
import type { Finding } from './wall.ts';
import type { TwoTenants } from './world.ts';

/** Texts that mean something to SQL, JSON, base64 cursors, paths or headers. */
export function injections(foreignTenant: string): readonly string[] {
  const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [
    `' or '1'='1`,
    `'; select set_config('app.tenant_id','${foreignTenant}',true);--`,
    `tenant_id`,
    `name; drop table entities`,
    `name desc, tenant_id`,
    `(select version())`,
    `metadata.name)) or 1=1--`,
    `metadata.name=%' or true or '%'='`,
    `a'||pg_sleep(10)||'`,
    `\\'; --`,
    `$1`,
    `"`,
    `{"$ne":null}`,
    `__proto__`,
    `constructor.prototype`,
    '*',
    '%',
    '_',
    '../../etc/passwd',
    '\ud83d\ude00'.repeat(50),
    '9'.repeat(400),
    cursor({ tenantId: foreignTenant }),
    cursor({ v: 1, values: [`' or 1=1--`], sort: 'name', sig: '' }),
    cursor({
      v: 1,
      orderFields: [{ field: `x') or true--`, order: 'asc' }],
      isPrevious: false,
      query: {},
      sig: 'AAAA',
    }),
    'eyJ9',
    '====',
  ];
}

/** Item 5: hostile sort, filter, cursor and key texts in every query parameter and in the idempotency key of every operation. */
export async function injectionFindings({
  targets,
  a,
  b,
}: TwoTenants): Promise<{ requests: number; findings: Finding[] }> {
  const findings: Finding[] = [];
  let requests = 0;
  for (const prepared of prepareOperations(targets, b.fixture)) {
    const query = prepared.operation.parameters.filter((each) => each.in === 'query').map((each) => each.name);
    const places = [...query, ...(prepared.operation.method === 'POST' ? ['Idempotency-Key'] : [])];
    for (const place of places) {
      for (const text of injections(a.tenantId)) {
        const valid = await prepared.request();
        const request = place === 'Idempotency-Key' ? valid : { ...valid, query: { ...valid.query, [place]: text } };
        const json = request.body === undefined ? undefined : JSON.stringify(request.body);
        const sent = await outgoing(prepared, request, json);
        const header = place === 'Idempotency-Key' && /^[\x20-\x7e]+$/.test(text) ? { 'idempotency-key': text } : {};
        const answer = await send(prepared.target.baseUrl, { ...sent, headers: { ...sent.headers, ...header } });
        requests += 1;
        const leaks = leaksOf(answer, [
          text,
          encodeURIComponent(text),
          new URLSearchParams({ text }).toString().slice(5),
        ]);
        const found = [
          ...(answer.status >= 500 || answer.status === 0 ? [`answered ${answer.status}`] : []),
          ...(answer.body.includes(a.canary) ? ['holds the canary of the other tenant'] : []),
          ...leaks.map((leak) => `gives away ${leak}`),
        ];
        findings.push(...found.map((each) => `${prepared.operation.id} ${place} = ${text.slice(0, 60)}: ${each}`));
      }
    }
  }
  return { requests, findings };
}
