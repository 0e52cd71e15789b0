import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../stack/service-process.ts';
import type { Stack } from '../stack/stack.ts';
import type { Tenant } from '../stack/tenants.ts';
import { callUntilClear, signIn, type Answer, type Call } from './client.ts';
import type { Entry, History, OperationName } from './history.ts';

export interface LoadOptions {
  stack: Stack;
  history: History;
  /** Operations a second of all clients. */
  rate: number;
  /** Default 16. */
  clients?: number;
  /** Every request comes on a connection of its own. */
  closes?: boolean;
  random: () => number;
  /** How long a client tries one operation. */
  patienceMs: number;
}

export interface Load {
  /** Of every try so far. */
  readonly answers: readonly Answer[];
  /** Ends it; resolves when the last client has its answer. */
  stop(): Promise<void>;
}

const usualClients = 16;

interface Entity {
  uid: string;
  tenant: string;
  /** Somebody works on it. */
  busy: boolean;
}

/** Clients that work until they are stopped: transfers of the ledger; services of the catalog that come, change and go; reads. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { stack, rate, clients = usualClients } = options;
  const auth = stack.process('auth');
  const tokens = new Map<string, string>();
  for (const tenant of stack.tenants) tokens.set(tenant.id, await signIn(auth, tenant));
  const entities: Entity[] = [];
  const answers: Answer[] = [];
  let stopped = false;
  const pauseMs = (clients / rate) * 1000;

  async function work(client: number): Promise<void> {
    const tenant = stack.tenants[client % stack.tenants.length]!;
    await delay(options.random() * pauseMs);
    while (!stopped) {
      const startedAt = performance.now();
      await operate({ ...options, tenant, token: tokens.get(tenant.id)!, entities, answers });
      const left = pauseMs - (performance.now() - startedAt);
      if (left > 0) await delay(left);
    }
  }
  const working = Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
  return {
    answers,
    async stop() {
      stopped = true;
      await working;
    },
  };
}

interface Turn extends LoadOptions {
  tenant: Tenant;
  token: string;
  entities: Entity[];
  answers: Answer[];
}

/** One operation, drawn by chance: half of them transfers. */
async function operate(turn: Turn): Promise<void> {
  const draw = turn.random();
  if (draw < 0.55) return transfer(turn);
  if (draw < 0.7) return register(turn);
  if (draw < 0.85) return change(turn);
  if (draw < 0.9) return remove(turn);
  return read(turn);
}

async function transfer(turn: Turn): Promise<void> {
  const { tenant, random } = turn;
  const pick = () => Math.floor(random() * tenant.accounts.length);
  const from = pick();
  const to = (from + 1 + Math.floor(random() * (tenant.accounts.length - 1))) % tenant.accounts.length;
  // Now and then more than anybody has: refused after everything was written.
  const amount = random() < 0.05 ? 1_000_000 : 1 + Math.floor(random() * 100);
  const operation = randomUUID();
  const body = { operation, from: tenant.accounts[from]!, to: tenant.accounts[to]!, amount };
  const call = { method: 'POST', path: '/api/v1/ledger/transfers', body, idempotencyKey: operation };
  await perform(turn, 'transfer', operation, call, body);
}

async function register(turn: Turn): Promise<void> {
  const operation = randomUUID();
  const body = { name: `s-${operation}`, ownerRef: 'group:default/owners', description: `${turn.tenant.canary} 0` };
  const call = { method: 'POST', path: '/api/v1/services', body, idempotencyKey: operation };
  const { entry, text } = await perform(turn, 'register', operation, call, { description: body.description });
  if (entry.outcome !== 'ok') return;
  const uid = (JSON.parse(text) as { data: { id: string } }).data.id;
  Object.assign(entry.detail, { uid });
  turn.entities.push({ uid, tenant: turn.tenant.id, busy: false });
}

async function change(turn: Turn): Promise<void> {
  await withEntity(turn, async (uid) => {
    const operation = randomUUID();
    const body = { description: `${turn.tenant.canary} ${operation}` };
    await perform(
      turn,
      'change',
      operation,
      { method: 'PATCH', path: `/api/v1/services/${uid}`, body },
      {
        uid,
        ...body,
      },
    );
    return true;
  });
}

async function remove(turn: Turn): Promise<void> {
  await withEntity(turn, async (uid) => {
    const call = { method: 'DELETE', path: `/api/catalog/entities/by-uid/${uid}` };
    await perform(turn, 'delete', randomUUID(), call, { uid });
    return false;
  });
}

async function read(turn: Turn): Promise<void> {
  const paths = ['/api/v1/services?limit=20', '/api/v1/ledger/accounts', '/api/v1/auth/me'];
  const path = paths[Math.floor(turn.random() * paths.length)]!;
  await perform(turn, 'read', randomUUID(), { method: 'GET', path }, { path });
}

/** One client at a time works on an entity, so that its history is a line. What `fn` answers false for is gone. */
async function withEntity({ entities, tenant, random }: Turn, fn: (uid: string) => Promise<boolean>): Promise<void> {
  const free = entities.filter((entity) => entity.tenant === tenant.id && !entity.busy);
  const entity = free[Math.floor(random() * free.length)];
  if (entity === undefined) return;
  entity.busy = true;
  const stays = await fn(entity.uid);
  if (stays) entity.busy = false;
  else entities.splice(entities.indexOf(entity), 1);
}

async function perform(
  turn: Turn,
  op: OperationName,
  operation: string,
  call: Call,
  detail: Readonly<Record<string, string | number>>,
): Promise<{ entry: Entry; text: string }> {
  const { stack, tenant, token, random, patienceMs, closes = false } = turn;
  const targets = processesOf(stack, call.path);
  const first = Math.floor(random() * targets.length);
  const {
    body: text,
    startedAt,
    ...result
  } = await callUntilClear(targets, token, closes ? { ...call, closes } : call, {
    patienceMs,
    first,
    onAnswer: (answer) => void turn.answers.push(answer),
  });
  const foreign = stack.tenants.find(
    ({ id, canary }) => id !== tenant.id && (text.includes(canary) || text.includes(id)),
  );
  const entry: Entry = {
    operation,
    op,
    tenant: tenant.id,
    start: startedAt,
    end: Date.now(),
    ...result,
    detail: { ...detail },
    ...(foreign === undefined ? {} : { leak: `${op} showed ${foreign.canary}` }),
  };
  turn.history.add(entry);
  return { entry, text };
}

function processesOf({ processes }: Stack, path: string): readonly ServiceProcess[] {
  const service = ['ledger', 'auth'].find((name) => path.startsWith(`/api/v1/${name}/`)) ?? 'catalog';
  return processes.filter(({ name }) => name.startsWith(service));
}
