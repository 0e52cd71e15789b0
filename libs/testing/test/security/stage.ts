import pg from 'pg';
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

  async function call(method: string, target: string, who: Readonly<Record<string, string>>, json: object) {
    const headers = { ...who, 'content-type': 'application/json' };
    const body = JSON.stringify(json);
    const answer = await send(platform.fleet.baseUrl('auth'), { method, target, headers, body });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
  }

  async function asOperator(
    target: string,
    method = 'POST',
    json: object = { reason: 'a story of the tests' },
  ): Promise<void> {
    // Nobody is let into the platform tenant who does not name it.
    const { token } = await signIn(platform, await platform.operator(), 'platform');
    await call(method, target, { authorization: `Bearer ${token}` }, json);
  }

  /** Of the two owners of a story the first one owns the tenant again, and the second one has gone. */
  async function leaveFirstOwner(first: string, second: string): Promise<void> {
    const isOwner = await count(
      "select count(*)::int as n from auth.role_bindings where principal_id = $1 and role_id = 'tenant-owner'",
      [idOf(first)],
    );
    if (isOwner === 0) {
      const grant = { roleId: 'tenant-owner', reason: 'a story of the tests' };
      await call('POST', `/api/v1/users/${idOf(first)}/roles`, await principals.credentials(second), grant);
    }
    await principals.remove(second);
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
    async 'sso-enforced'(letter) {
      const config = `/api/v1/auth/tenants/${tenants.find((each) => each.letter === letter)!.id}/config`;
      await asOperator(config, 'PATCH', { sso: { enforced: true } });
      undo.push(() => asOperator(config, 'PATCH', { sso: null }));
    },
    // Somebody of the name is an owner from the beginning of the story.
    async 'second-owner'(letter) {
      undo.push(() => leaveFirstOwner(`owner${letter}`, `secondOwner${letter}`));
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
    ownersLeft: () =>
      count(
        "select count(distinct principal_id)::int as n from auth.role_bindings where tenant_id = $1 and role_id = 'tenant-owner'",
        [tenants[0]!.id],
      ),
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
    async together(wanted, sendAll) {
      const holder = new pg.Client({ connectionString: platform.database.adminUrl });
      await holder.connect();
      try {
        await holder.query('begin');
        await holder.query('select id from auth.tenants where id = any($1) for update', [tenants.map(({ id }) => id)]);
        let over = false;
        const all = sendAll().finally(() => (over = true));
        all.catch(() => undefined);
        const waiting = () =>
          count(
            "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            [],
          );
        while (!over && (await waiting()) < wanted) await new Promise((resolve) => setTimeout(resolve, 10));
        await holder.query('commit');
        return await all;
      } finally {
        await holder.end();
      }
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
