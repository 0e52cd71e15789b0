import { MissingError } from '../../src/hostile/missing.ts';
import type { Stage } from '../../src/hostile/story/stage.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import { signIn } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import type { Principals } from './principals.ts';

interface Parts {
  platform: Platform;
  tenants: readonly Tenant[];
  principals: Principals;
  /** Moves the clock the services see. */
  advance(milliseconds: number): void;
  /** From here on the clock stands still but for `advance`: a story has the times it names however long a machine takes. */
  hold?(): void;
}

/** Brings about what stories begin with, through the API where it has a way, and looks at what they leave. */
export function createStage({ platform, tenants, principals, advance, hold }: Parts): Stage {
  const undo: (() => Promise<unknown>)[] = [];

  async function asOperator(target: string): Promise<void> {
    // Nobody is let into the platform tenant who does not name it.
    const { token } = await signIn(platform, await platform.operator(), 'platform');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ reason: 'a story of the tests' });
    const answer = await send(platform.fleet.baseUrl('auth'), { method: 'POST', target, headers, body });
    if (answer.status >= 300) throw new Error(`POST ${target} was answered ${answer.status}: ${answer.body}`);
  }

  const states: Readonly<Record<string, (subject: string, count: string | undefined) => Promise<void>>> = {
    async 'user-disabled'(name) {
      const user = `/api/v1/users/${idOf(name)}`;
      await asOperator(`${user}/disable`);
      undo.push(() => asOperator(`${user}/enable`));
    },
    async 'tenant-suspended'(letter) {
      const tenant = `/api/v1/auth/tenants/${tenants.find((each) => each.letter === letter)!.id}`;
      await asOperator(`${tenant}/suspend`);
      undo.push(() => asOperator(`${tenant}/resume`));
    },
    async 'member-removed'(name) {
      await principals.remove(name);
    },
    async sessions(name, count) {
      for (let made = 0; made < Number(count); made++) await principals.openSession(name);
    },
  };

  function idOf(name: string): string {
    const id = principals.names(`${name}.id`);
    if (id === undefined) throw new MissingError('principal', name);
    return id;
  }

  const facts: Readonly<Record<string, () => Promise<unknown>>> = {
    async otherSessions() {
      const headers = await principals.credentials('memberA');
      const target = '/api/v1/auth/sessions';
      const answer = await send(platform.fleet.baseUrl('auth'), { method: 'GET', target, headers });
      return (jsonOf(answer) as { data: unknown[] }).data.length - 1;
    },
  };

  async function count(sql: string, values: unknown[]): Promise<number> {
    const { rows } = (await platform.sql(sql, values)) as { rows: { n: number }[] };
    return rows[0]!.n;
  }

  return {
    async begin(text) {
      for (const back of undo.splice(0).toReversed()) await back();
      // Names of roles are unique: what earlier stories have made lets theirs go.
      await platform.sql('update auth.roles set name = id::text, name_norm = id::text where tenant_id = any($1)', [
        tenants.map(({ id }) => id),
      ]);
      await principals.renew(text);
      hold?.();
    },
    advance,
    async arrange(state) {
      const [name = '', subject = '', number] = state.split(':');
      const bring = states[name];
      if (bring === undefined) throw new MissingError('capability', `state ${name}`);
      await bring(subject, number);
    },
    async fact(name) {
      const read = facts[name];
      if (read === undefined) throw new MissingError('capability', `fact ${name}`);
      return read();
    },
    async rows(principal) {
      const { rows } = (await platform.sql(
        `select coalesce(string_agg(t, ',' order by t), '') as rows from (
           select s::text as t from auth.sessions s where user_id = $1
           union all select k::text from auth.api_keys k where owner_id = $1
           union all select u::text from auth.users u where id = $1) all_rows`,
        [idOf(principal)],
      )) as { rows: { rows: string }[] };
      return rows[0]!.rows;
    },
    events: (type) =>
      count(
        `select count(*)::int as n from (
           select headers::json ->> 'ce_id' from auth.outbox where headers::json ->> 'ce_type' like $1
           union select headers::json ->> 'ce_id' from bus.records where headers::json ->> 'ce_type' like $1) seen`,
        [`%.${type}`],
      ),
  };
}
