import { routeFile, type RouteFile, type RouteFileInput } from './routing/route-schema.ts';

const kib = 1024;

/**
 * Every public path, and nothing else is one. A service has one prefix entry for each resource, plus entries where something
 * differs (who may call, body size, rate class). Checked when this file is loaded.
 */
const file: RouteFileInput = {
  routes: [
    {
      id: 'auth.login',
      service: 'auth',
      path: '/api/v1/auth/login',
      match: 'exact',
      methods: ['POST'],
      auth: 'public',
      rateClass: 'login',
      bodyMaxBytes: 16 * kib,
    },
    {
      id: 'auth.refresh',
      service: 'auth',
      path: '/api/v1/auth/refresh',
      match: 'exact',
      methods: ['POST'],
      auth: 'public',
      rateClass: 'token',
      bodyMaxBytes: 16 * kib,
    },
    {
      id: 'auth.register',
      service: 'auth',
      path: '/api/v1/auth/register',
      match: 'exact',
      methods: ['POST'],
      auth: 'public',
      rateClass: 'login',
      bodyMaxBytes: 16 * kib,
    },
    {
      id: 'auth.setup',
      service: 'auth',
      path: '/api/v1/auth/setup',
      match: 'exact',
      methods: ['POST'],
      auth: 'public',
      rateClass: 'login',
      bodyMaxBytes: 16 * kib,
    },
    { id: 'auth', service: 'auth', path: '/api/v1/auth' },
    {
      id: 'auth.api-keys.report-leak',
      service: 'auth',
      path: '/api/v1/api-keys/report-leak',
      match: 'exact',
      methods: ['POST'],
      auth: 'public',
      rateClass: 'token',
      bodyMaxBytes: 16 * kib,
    },
    { id: 'auth.api-keys', service: 'auth', path: '/api/v1/api-keys' },
    { id: 'auth.teams', service: 'auth', path: '/api/v1/teams' },
    { id: 'auth.users', service: 'auth', path: '/api/v1/users' },
    {
      id: 'auth.jwks',
      service: 'auth',
      path: '/.well-known/jwks.json',
      match: 'exact',
      auth: 'public',
      rateClass: 'static',
    },

    { id: 'auth.backstage', service: 'auth', path: '/api/permission', backstage: true },
    { id: 'catalog.backstage', service: 'catalog', path: '/api/catalog', backstage: true },
    { id: 'catalog', service: 'catalog', path: '/api/v1/catalog' },
    { id: 'catalog.services', service: 'catalog', path: '/api/v1/services' },

    {
      id: 'edge.health',
      service: 'edge',
      path: '/api/v1/health',
      match: 'exact',
      auth: 'optional',
      rateClass: 'static',
    },
    { id: 'edge.home', service: 'edge', path: '/api/v1/home', match: 'exact' },
    {
      id: 'edge.rate-limits',
      service: 'edge',
      path: '/api/v1/rate-limits',
      match: 'exact',
      rateClass: 'none',
    },
    {
      id: 'edge.openapi-json',
      service: 'edge',
      path: '/api/openapi.json',
      match: 'exact',
      auth: 'public',
      rateClass: 'static',
    },
    {
      id: 'edge.openapi-yaml',
      service: 'edge',
      path: '/api/openapi.yaml',
      match: 'exact',
      auth: 'public',
      rateClass: 'static',
    },
    { id: 'edge.openapi', service: 'edge', path: '/api/openapi', auth: 'public', rateClass: 'static' },
    { id: 'edge.docs', service: 'edge', path: '/docs', auth: 'public', rateClass: 'static' },
    {
      id: 'edge.security-txt',
      service: 'edge',
      path: '/.well-known/security.txt',
      match: 'exact',
      auth: 'public',
      rateClass: 'static',
    },
  ],
  aliases: [
    { from: '/api/auth/login', to: '/api/v1/auth/login' },
    { from: '/api/auth/logout', to: '/api/v1/auth/logout' },
    { from: '/api/auth/refresh', to: '/api/v1/auth/refresh' },
    { from: '/api/auth/me', to: '/api/v1/auth/me' },
    { from: '/api/plugins/rbac/roles', to: '/api/v1/auth/roles', match: 'prefix' },
    { from: '/api/plugins/rbac/role-bindings', to: '/api/v1/auth/role-bindings', match: 'prefix' },
    { from: '/api/plugins/rbac/policies', to: '/api/v1/auth/policies', match: 'prefix' },
    { from: '/api/plugins/rbac/authz', to: '/api/v1/auth/authz', match: 'prefix' },
    { from: '/api/plugins/rbac/permissions', to: '/api/v1/auth/permissions', match: 'prefix' },
    { from: '/api/tenant/config', to: '/api/v1/auth/tenants/current/config' },
    { from: '/api/tenant/isolation', to: '/api/v1/auth/tenants/current/isolation' },
    { from: '/api/tenant/provisioning', to: '/api/v1/auth/tenants/current/provisioning' },
    { from: '/api/backstage/entities', to: '/api/catalog/entities', match: 'prefix' },
    { from: '/api/monitoring/health', to: '/api/v1/health' },
    { from: '/api/health', to: '/api/v1/health' },
    { from: '/healthcheck', to: '/api/v1/health' },
  ],
};

/** The routes of this release. */
export const routes: RouteFile = routeFile.parse(file);
