import { routeFile } from '../../../routing/route-schema.ts';

const deprecation = { since: '2026-01-01', sunset: '2999-01-01', successor: '/api/v1/one' };

/** Every feature of a route once, over services that only the suite has. */
export const suiteRoutes = routeFile.parse({
  routes: [
    { id: 'one', service: 'one', path: '/api/v1/one' },
    { id: 'one.exact', service: 'two', path: '/api/v1/one/exact', match: 'exact', methods: ['GET', 'POST'] },
    { id: 'one.child', service: 'two', path: '/api/v1/one/{id}/child', match: 'template' },
    { id: 'one.literal', service: 'one', path: '/api/v1/one/{id}/child/fixed', match: 'template' },
    { id: 'one.any', service: 'two', path: '/api/v1/one/{id}/child/{part}', match: 'template' },
    { id: 'one.deeper', service: 'two', path: '/api/v1/one/deeper' },
    {
      id: 'one.sign-in',
      service: 'one',
      path: '/api/v1/one/sign-in',
      match: 'exact',
      methods: ['POST'],
      auth: 'public',
    },
    { id: 'open', service: 'one', path: '/api/v1/open', auth: 'public', rateClass: 'static' },
    { id: 'optional', service: 'one', path: '/api/v1/optional', auth: 'optional' },
    { id: 'small', service: 'two', path: '/api/v1/small', auth: 'public', bodyMaxBytes: 1024 },
    { id: 'slow', service: 'two', path: '/api/v1/slow', auth: 'public', timeoutMs: 500 },
    { id: 'once', service: 'two', path: '/api/v1/once', auth: 'public', retry: 'none' },
    { id: 'stream', service: 'two', path: '/api/v1/stream', auth: 'public', stream: 'sse' },
    { id: 'upload', service: 'two', path: '/api/v1/upload', auth: 'public', stream: 'upload', bodyMaxBytes: 1024 },
    { id: 'socket', service: 'two', path: '/api/v1/socket', auth: 'public', stream: 'websocket' },
    { id: 'dead', service: 'dead', path: '/api/v1/dead', auth: 'public' },
    { id: 'old', service: 'one', path: '/api/v1/old', auth: 'public', deprecation },
    {
      id: 'gone',
      service: 'one',
      path: '/api/v1/gone',
      gone: true,
      deprecation: { ...deprecation, since: '2020-01-01', sunset: '2021-01-01' },
    },
    { id: 'hooks', service: 'one', path: '/api/v1/hooks', auth: 'public', rateClass: 'webhook' },
    { id: 'enter', service: 'one', path: '/api/v1/enter', auth: 'public', rateClass: 'login' },
    { id: 'export', service: 'one', path: '/api/v1/export', rateClass: 'export' },
    { id: 'ask', service: 'one', path: '/api/v1/ask', rateClass: 'ai' },
    { id: 'free', service: 'one', path: '/api/v1/free', rateClass: 'none' },
    { id: 'beta', service: 'two', path: '/api/v2/one', beta: true },
    { id: 'mount', service: 'two', path: '/api/catalog', backstage: true },
    {
      id: 'keys',
      service: 'auth',
      path: '/.well-known/jwks.json',
      match: 'exact',
      auth: 'public',
      rateClass: 'static',
    },
  ],
  aliases: [
    { from: '/api/plugins/one', to: '/api/v1/one', match: 'prefix' },
    { from: '/api/plugins/one/special', to: '/api/v1/one/exact' },
    { from: '/api/auth/sign-in', to: '/api/v1/one/sign-in' },
    { from: '/api/catalog/search', to: '/api/v1/one/search' },
    { from: '/api/backstage/entities', to: '/api/catalog/entities', match: 'prefix' },
    { from: '/healthcheck', to: '/api/v1/open' },
  ],
});
