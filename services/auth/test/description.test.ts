import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

const listedElsewhere =
  /\/api\/v1\/((auth\/(ops|audit-logs|organizations|projects|invitations|register|setup|sessions|reauthenticate|password|whoami|service-accounts|signing-keys|tenants|roles|role-bindings|policies|authz|permissions|me\/permissions))|teams|users|api-keys)\b/;

let auth: RunningAuth;

beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth?.[Symbol.asyncDispose]());

interface Operation {
  operationId: string;
  summary: string;
  security?: unknown[];
  responses: Record<string, unknown>;
}

test('every operation is described, and only sign-in, refresh and the keys need no token', async () => {
  const document = (await auth.service.openapi()) as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
  );
  // What operators of every service may do is the kernel's and asked for there; tenancy and audit log have their own tests.
  const own = operations.filter(({ route }) => !listedElsewhere.test(route));
  expect(own.map(({ route, operationId }) => `${route} ${operationId}`).toSorted()).toEqual([
    'get /.well-known/jwks.json getJwks',
    'get /api/v1/auth/me getMe',
    'get /internal/v1/verification-keys getVerificationKeys',
    'post /api/permission/authorize authorizeBackstage',
    'post /api/v1/auth/login logIn',
    'post /api/v1/auth/logout logOut',
    'post /api/v1/auth/refresh refreshSession',
  ]);
  expect(operations.every(({ summary }) => summary.length > 0)).toBe(true);
  const open = operations.filter(({ security }) => security === undefined || security.length === 0);
  expect(open.map(({ operationId }) => operationId).toSorted()).toEqual([
    'getJwks',
    'getVerificationKeys',
    'logIn',
    'refreshSession',
    'register',
    'reportLeakedApiKey',
    'setUp',
  ]);
});
