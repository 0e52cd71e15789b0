import pg from 'pg';
import type { Access, Principal } from '@idp/auth';
import type { Link } from '../../src/faults/index.ts';
import { MissingError } from '../../src/hostile/missing.ts';
import type { Stage } from '../../src/hostile/story/stage.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import type { Principals } from './principals.ts';
import { valuesRedacted } from './redaction.ts';
import { createStates, idOf } from './states.ts';

interface Parts {
  platform: Platform;
  tenants: readonly Tenant[];
  principals: Principals;
  /** Moves the clock the services see. */
  advance(milliseconds: number): void;
  /** From here on the clock stands still but for `advance`: a story has the times it names however long a machine takes. */
  hold?(): void;
  /** Lets it go on. */
  release?(): void;
  /** Ways to what the platform depends on. */
  links?: Readonly<Record<string, Link>>;
}

/** What stories need: their beginnings and ends, and what they leave. */
export function createStage({ platform, tenants, principals, advance, hold, release, links = {} }: Parts): Stage {
  const undo: (() => Promise<unknown>)[] = [];

  const states = createStates({ platform, tenants, principals, afterwards: (back) => undo.push(back) });

  const facts: Readonly<Record<string, () => Promise<unknown>>> = {
    valuesRedacted: () => valuesRedacted(platform, principals),
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

  function principalOf(name: string): Principal {
    const id = idOf(principals, name);
    const tenantId = tenants.find(({ letter }) => letter === name.at(-1))!.id;
    const session = { tokenId: 'none', token: 'none', accessVersion: 0, authTime: 0, amr: ['pwd'] };
    return { type: 'user', id, tenantId, actor: `user:${id}`, acr: 'idp:aal1', ...session };
  }

  async function count(sql: string, values: unknown[]): Promise<number> {
    const { rows } = (await platform.sql(sql, values)) as { rows: { n: number }[] };
    return rows[0]!.n;
  }

  return {
    async begin(text) {
      // Names of roles are unique: what earlier stories have made lets theirs go.
      await platform.sql('update auth.roles set name = id::text, name_norm = id::text where tenant_id = any($1)', [
        tenants.map(({ id }) => id),
      ]);
      await principals.renew(text);
      hold?.();
    },
    async finish() {
      release?.();
      await Promise.all(Object.values(links).map((link) => link.heal()));
      for (const back of undo.splice(0).toReversed()) await back();
    },
    advance,
    async arrange(state) {
      const [name = '', subject = '', number] = state.split(':');
      const bring = states[name];
      if (bring === undefined) throw new MissingError('capability', `state ${name}`);
      return (await bring(subject, number)) ?? {};
    },
    async fault(dependency, state) {
      const link = links[dependency];
      if (link === undefined || (state !== 'down' && state !== 'up'))
        throw new MissingError('capability', 'step fault');
      await (state === 'down' ? link.apply({ kind: 'cut' }) : link.heal());
    },
    async decide(name, permission, resource) {
      const service = platform.fleet.services.find(({ definition }) =>
        Object.hasOwn(definition.permissions, permission),
      );
      if (service === undefined) return undefined;
      const { access } = service.context as { access: Access };
      return access.allows(principalOf(name), permission, resource);
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
        [idOf(principals, principal)],
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
