import { randomUUID } from 'node:crypto';
import { registerLedger } from '../fault/ledger/event-types.ts';
import { ask, timeUntil } from '../fault/stack/access.ts';
import { startStack, type Stack, type Transport } from '../fault/stack/stack.ts';
import { signIn } from '../fault/workload/client.ts';

/** What is taken away. */
export type RevokedThing = 'role' | 'member' | 'session' | 'key' | 'tenant' | 'signing key';

/** Auth and a service in processes of their own, on a real bus. */
export interface RevocationStage extends AsyncDisposable {
  /**
   * Gives access, takes it away at auth and asks the other process until it refuses: milliseconds from the answer to whoever took it to the
   * first refusal.
   */
  trial(thing: RevokedThing): Promise<number>;
}

/** Everything a trial does, for as long as its tokens live. */
interface Scene {
  stack: Stack;
  /** Of the tenant's owner. */
  owner: string;
  /** Of the platform's operator. */
  operator: string;
  /** A program and what it holds. */
  account: string;
  key: string;
}

const probe = '/api/v1/services?limit=1';
const patienceMs = 60_000;
const daysMs = 86_400_000;

export async function openRevocationStage(transport: Transport): Promise<RevocationStage> {
  registerLedger();
  // Definitions look up their types while they are loaded.
  const { ledger } = await import('../fault/ledger/service.ts');
  const stack = await startStack({ transport, brokers: 1, seed: 1, ledger });
  let scene: Scene | undefined;
  return {
    async trial(thing) {
      scene = await renew(stack, scene);
      return trials[thing](scene);
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Signed in again: tokens live 15 minutes, and some trials end them all. */
async function renew(stack: Stack, before: Scene | undefined): Promise<Scene> {
  const auth = stack.process('auth');
  const [owner, operator] = [await signIn(auth, stack.tenants[0]!), await signIn(auth, stack.operator)];
  if (before !== undefined) return { ...before, owner, operator };
  const { id } = stack.tenants[0]!;
  const account = await make({ stack, owner }, '/api/v1/auth/service-accounts', {
    name: `bench-${randomUUID()}`,
    scope: { type: 'tenant', id },
  });
  const known = { stack, owner, operator, account: account['id']!, key: '' };
  return { ...known, key: (await makeKey(known)).key };
}

const trials: Readonly<Record<RevokedThing, (scene: Scene) => Promise<number>>> = {
  async role(scene) {
    const binding = await bind(scene);
    await untilAllowed(scene, scene.key);
    return untilRefused(scene, scene.key, { method: 'DELETE', path: `/api/v1/auth/role-bindings/${binding}` });
  },
  async key(scene) {
    const binding = await bind(scene);
    const { id, key } = await makeKey(scene);
    await untilAllowed(scene, key);
    const took = await untilRefused(scene, key, { method: 'DELETE', path: `/api/v1/api-keys/${id}` });
    await call(scene, scene.owner, 'DELETE', `/api/v1/auth/role-bindings/${binding}`);
    return took;
  },
  async session(scene) {
    const token = await signIn(scene.stack.process('auth'), scene.stack.tenants[0]!);
    await untilAllowed(scene, token);
    return untilRefused(scene, token, { method: 'POST', path: '/api/v1/auth/logout', by: token });
  },
  async member(scene) {
    const { member } = scene.stack.tenants[0]!;
    const token = await signIn(scene.stack.process('auth'), member);
    await untilAllowed(scene, token);
    const path = `/api/v1/users/${member.id}`;
    const took = await untilRefused(scene, token, {
      method: 'POST',
      path: `${path}/suspend`,
      body: { reason: 'bench' },
    });
    await call(scene, scene.owner, 'POST', `${path}/resume`, { reason: 'bench' });
    return took;
  },
  async tenant(scene) {
    const tenant = scene.stack.tenants[1]!;
    const token = await signIn(scene.stack.process('auth'), tenant);
    await untilAllowed(scene, token);
    const path = `/api/v1/auth/tenants/${tenant.id}`;
    const step = { method: 'POST', path: `${path}/suspend`, body: { reason: 'bench' }, by: scene.operator };
    const took = await untilRefused(scene, token, step);
    await call(scene, scene.operator, 'POST', `${path}/resume`, { reason: 'bench' });
    await untilAllowed(scene, token);
    return took;
  },
  async 'signing key'(scene) {
    await untilAllowed(scene, scene.owner);
    const { kid } = JSON.parse(Buffer.from(scene.owner.split('.')[0]!, 'base64url').toString()) as { kid: string };
    const path = `/api/v1/auth/signing-keys/${kid}/revoke`;
    const step = { method: 'POST', path, body: { reason: 'bench' }, by: scene.operator };
    return untilRefused(scene, scene.owner, step);
  },
};

async function call(scene: Pick<Scene, 'stack'>, token: string, method: string, path: string, body?: unknown) {
  const { status, text } = await ask(scene.stack.process('auth'), token, method, path, body);
  if (status < 200 || status > 299) throw new Error(`${method} ${path} was answered ${status} ${text}`);
  return text;
}

async function make(
  scene: Pick<Scene, 'stack' | 'owner'>,
  path: string,
  body: unknown,
): Promise<Record<string, string>> {
  return (JSON.parse(await call(scene, scene.owner, 'POST', path, body)) as { data: Record<string, string> }).data;
}

async function makeKey(scene: Scene): Promise<{ id: string; key: string }> {
  const expiresAt = new Date(Date.now() + daysMs).toISOString();
  const made = await make(scene, `/api/v1/auth/service-accounts/${scene.account}/api-keys`, {
    name: 'bench',
    scopes: ['catalog:*'],
    expiresAt,
  });
  return { id: made['id']!, key: made['key']! };
}

async function bind(scene: Scene): Promise<string> {
  const principal = { principalType: 'service-account', principalId: scene.account };
  const body = { ...principal, roleId: 'viewer', scopeType: 'tenant', reason: randomUUID() };
  return (await make(scene, '/api/v1/auth/role-bindings', body))['id']!;
}

const statusThere = async ({ stack }: Scene, token: string): Promise<number> =>
  (await ask(stack.process('catalog'), token, 'GET', probe)).status;

async function untilAllowed(scene: Scene, token: string): Promise<void> {
  const took = await timeUntil(async () => (await statusThere(scene, token)) === 200, { patienceMs });
  if (took === undefined) throw new Error('what was given never came to the other process');
}

async function untilRefused(
  scene: Scene,
  token: string,
  step: { method: string; path: string; body?: unknown; by?: string },
): Promise<number> {
  await call(scene, step.by ?? scene.owner, step.method, step.path, step.body);
  const isRefused = async () => [401, 403].includes(await statusThere(scene, token));
  const took = await timeUntil(isRefused, { patienceMs, everyMs: 0 });
  if (took === undefined) throw new Error('what was taken away is still accepted by the other process');
  return took;
}
