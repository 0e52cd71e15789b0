import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { measure, type Figures, type Subject } from '../measure.ts';
import type { Row, RowResult } from '../row.ts';
import { createSetting } from '../setting.ts';

const ref = 'component/default/backstage';

/** The answer, once the example directory has been read so far. */
async function whenThere(url: string, headers: Record<string, string>): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(url, { headers });
    if (answer.status === 200) return answer;
    if (attempt === 200) throw new Error(`${url} answers ${answer.status}`);
    await pause(100);
  }
}

/** Copies the entity the fleet serves into the peer's own table, so that both send the same bytes. */
async function copyEntity(adminUrl: string, url: string, headers: Record<string, string>): Promise<void> {
  const answer = await whenThere(url, headers);
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query('create table bench_entities (ref text primary key, document json not null)');
  await client.query('insert into bench_entities values ($1, $2)', [
    'component:default/backstage',
    await answer.text(),
  ]);
  await client.end();
}

/** Named differences between subjects that add one layer each; together they make up what the gateway's answer costs. */
function partsOf(figures: Figures[]): NonNullable<RowResult['parts']> {
  const cpu = (name: string): number => figures.find((figure) => figure.name === name)?.cpuMicros ?? 0;
  const bare = cpu('bare Fastify');
  const read = cpu('Fastify + pg') - bare;
  return [
    { name: 'bare Fastify: one route, small answer', cpuMicros: bare },
    { name: 'pg: one named select, row to JSON', cpuMicros: read },
    {
      name: 'kernel: limits, headers, deadline, metrics, access log, envelope',
      cpuMicros: cpu('kernel, public') - bare,
    },
    { name: 'credential and permission', cpuMicros: cpu('kernel, guarded') - cpu('kernel, public') },
    {
      name: 'tenant transaction under row security, beyond the select',
      cpuMicros: cpu('kernel, tenant row') - cpu('kernel, guarded') - read,
    },
    {
      name: 'catalog: relations joined in, ETag, Backstage form',
      cpuMicros: cpu('catalog service') - cpu('kernel, tenant row'),
    },
    {
      name: 'gateway: routing, hygiene, credential, access log, minus the service log',
      cpuMicros: cpu('embedded gateway') - cpu('catalog service'),
    },
  ];
}

/** One entity by its ref with token and row security, at the service and through the gateway, beside bare Fastify and `pg`. */
export const entityByRef: Row = {
  name: 'entity-by-ref',
  suite: 'kernel',
  async run(options) {
    await using setting = await createSetting();
    const fleet = await setting.startFleet();
    const gateway = fleet.ready['url'] ?? '';
    const headers = { authorization: `Bearer ${fleet.token}` };
    const path = `/entities/by-name/${ref}`;
    await copyEntity(setting.adminUrl, `${gateway}/api/catalog${path}`, headers);
    const bare = await setting.startPeer('bare-fastify');
    const peer = await setting.startPeer('fastify-pg');
    const publicUrl = fleet.ready['publicUrl'] ?? '';
    const kernel = await setting.startService('bench', publicUrl);
    const catalog = await setting.startService('catalog', publicUrl);
    const layer = (name: string, route: string): Subject => ({
      name,
      side: kernel,
      target: { url: `${kernel.ready['url']}/api/v1/bench/${route}`, headers },
    });
    const figures = await measure(
      [
        { name: 'bare Fastify', side: bare, target: { url: `${bare.ready['url']}/healthz` } },
        { name: 'Fastify + pg', side: peer, target: { url: `${peer.ready['url']}${path}` } },
        layer('kernel, public', 'public'),
        layer('kernel, guarded', 'guarded'),
        layer('kernel, tenant row', 'row'),
        {
          name: 'catalog service',
          side: catalog,
          target: { url: `${catalog.ready['url']}/api/catalog${path}`, headers },
        },
        { name: 'embedded gateway', side: fleet, target: { url: `${gateway}/api/catalog${path}`, headers } },
      ],
      options,
    );
    const cpu = (name: string): number => figures.find((figure) => figure.name === name)?.cpuMicros ?? Number.NaN;
    return {
      name: 'entity-by-ref',
      title: 'Entity by ref: token, row security, relations, access log on, tracing off',
      figures,
      parts: partsOf(figures),
      claims: [
        {
          text: 'CPU at the service against Fastify + pg',
          ratio: cpu('catalog service') / cpu('Fastify + pg'),
          limit: 2.5,
          bound: 'at-most',
        },
        {
          text: 'CPU through the embedded gateway against Fastify + pg',
          ratio: cpu('embedded gateway') / cpu('Fastify + pg'),
          limit: 3.5,
          bound: 'at-most',
        },
      ],
    };
  },
};
