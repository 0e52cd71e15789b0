const errorAnswer = {
  description: 'An error in the platform envelope',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

/** A GET that answers one text type and needs no credential. */
function publicGet(operationId: string, summary: string, type: string, parameters: object[] = []): object {
  return {
    get: {
      operationId,
      summary,
      security: [],
      ...(parameters.length === 0 ? {} : { parameters }),
      responses: {
        200: { description: summary, content: { [type]: { schema: { type: 'string' } } } },
        default: errorAnswer,
      },
    },
  };
}

const serviceStatus = {
  type: 'object',
  required: ['name', 'status', 'version'],
  properties: {
    name: { type: 'string', examples: ['catalog'] },
    status: { $ref: '#/components/schemas/HealthStatus' },
    version: { type: 'string', examples: ['0.1.0'] },
  },
};

const health = {
  get: {
    operationId: 'getHealth',
    summary: 'Health of the platform; with a credential also of each service',
    description: 'Always 200 while the gateway works: the status is in the body.',
    security: [{}, { bearer: [] }],
    responses: {
      200: {
        description: 'The status',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['data', 'meta'],
              properties: {
                data: {
                  type: 'object',
                  required: ['status'],
                  properties: {
                    status: { $ref: '#/components/schemas/HealthStatus' },
                    services: { type: 'array', items: serviceStatus },
                  },
                },
                meta: { $ref: '#/components/schemas/Meta' },
              },
            },
            example: {
              data: { status: 'ok' },
              meta: { requestId: '0197b0c4-6a1e-7c3f-9d2b-5e8f1a2b3c4d', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
            },
          },
        },
      },
      default: errorAnswer,
    },
  },
};

const shownLimit = {
  type: 'object',
  required: ['policy', 'limit', 'periodSeconds', 'burst', 'remaining', 'resetSeconds'],
  properties: {
    policy: { type: 'string', description: 'As in the header `RateLimit-Policy`', examples: ['user'] },
    limit: { type: 'integer', description: 'Units of one period', examples: [600] },
    periodSeconds: { type: 'integer', examples: [60] },
    burst: { type: 'integer', description: 'Units at once after a rest', examples: [150] },
    remaining: { type: 'integer', description: 'Units that would pass now', examples: [149] },
    resetSeconds: { type: 'integer', description: 'Seconds until the whole burst is there again', examples: [1] },
  },
};

const rateLimits = {
  get: {
    operationId: 'listRateLimits',
    summary: "The caller's rate limits and what is left of them",
    description: 'Takes nothing of any limit. Empty where limits are switched off.',
    security: [{ bearer: [] }],
    responses: {
      200: {
        description: 'The limits',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['data', 'meta'],
              properties: {
                data: {
                  type: 'object',
                  required: ['policies'],
                  properties: { policies: { type: 'array', items: shownLimit } },
                },
                meta: { $ref: '#/components/schemas/Meta' },
              },
            },
            example: {
              data: {
                policies: [
                  { policy: 'user', limit: 600, periodSeconds: 60, burst: 150, remaining: 149, resetSeconds: 1 },
                  {
                    policy: 'tenant',
                    limit: 30_000,
                    periodSeconds: 60,
                    burst: 5_000,
                    remaining: 4_999,
                    resetSeconds: 1,
                  },
                  { policy: 'ai', limit: 30, periodSeconds: 60, burst: 8, remaining: 8, resetSeconds: 0 },
                ],
              },
              meta: { requestId: '0197b0c4-6a1e-7c3f-9d2b-5e8f1a2b3c4d', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
            },
          },
        },
      },
      default: errorAnswer,
    },
  },
};

const homeSection = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['ok', 'forbidden', 'unavailable', 'timeout'] },
    data: { description: 'What the operation of the section answers as `data`, of at most 5 seconds ago' },
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' } },
    },
    stale: {
      type: 'boolean',
      description: 'The last good data, of at most a minute ago: the service did not answer in time',
    },
  },
};

const home = {
  get: {
    operationId: 'getHome',
    summary: 'A start page in one call: who is signed in, and the first of everything',
    description:
      'Each section is an operation of its own, called with the credential of the request. A section that fails says so and leaves the others as they are. Sections of services that do not exist are absent.',
    security: [{ bearer: [] }],
    parameters: [
      {
        name: 'sections',
        in: 'query',
        description: 'Names with commas between; without it all',
        schema: { type: 'string' },
        example: 'me,services',
      },
    ],
    responses: {
      200: {
        description: 'The sections by name',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['data', 'meta'],
              properties: {
                data: { type: 'object', additionalProperties: homeSection },
                meta: { $ref: '#/components/schemas/Meta' },
              },
            },
            example: {
              data: {
                me: { status: 'ok', data: { email: 'ada@example.com', name: 'Ada' } },
                services: {
                  status: 'timeout',
                  error: { code: 'UPSTREAM_TIMEOUT', message: 'the service did not answer in time' },
                },
              },
              meta: { requestId: '0197b0c4-6a1e-7c3f-9d2b-5e8f1a2b3c4d', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
            },
          },
        },
      },
      default: errorAnswer,
    },
  },
};

const documentJson = 'application/json';
const html = 'text/html';

/** OpenAPI description of the gateway's own endpoints. */
export const edgeDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Gateway',
    version: '0.1.0',
    description: 'Health, rate limits, API documents and documentation pages',
  },
  paths: {
    '/api/v1/health': health,
    '/api/v1/home': home,
    '/api/v1/rate-limits': rateLimits,
    '/api/openapi.json': publicGet('getOpenApi', 'OpenAPI document of all services', documentJson),
    '/api/openapi.yaml': publicGet('getOpenApiYaml', 'The same document as YAML', 'application/yaml'),
    '/api/openapi/{service}.json': publicGet('getServiceOpenApi', 'OpenAPI document of one service', documentJson, [
      { name: 'service', in: 'path', required: true, schema: { type: 'string' }, example: 'catalog' },
    ]),
    '/docs': publicGet('getReference', 'Interactive API reference', html),
    '/docs/swagger': publicGet('getExplorer', 'Interactive API explorer', html),
    '/docs/errors': publicGet('getErrorCatalogue', 'Every error code with its meaning', html),
    '/.well-known/security.txt': publicGet(
      'getSecurityText',
      'Contact for vulnerability reports (RFC 9116)',
      'text/plain',
    ),
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    schemas: {
      HealthStatus: { type: 'string', enum: ['ok', 'degraded', 'down'] },
      Meta: {
        type: 'object',
        required: ['requestId', 'traceId'],
        properties: { requestId: { type: ['string', 'null'] }, traceId: { type: ['string', 'null'] } },
      },
      Error: {
        type: 'object',
        required: ['error', 'meta'],
        properties: {
          error: {
            type: 'object',
            required: ['code', 'message'],
            properties: { code: { type: 'string' }, message: { type: 'string' }, details: {} },
          },
          meta: { $ref: '#/components/schemas/Meta' },
        },
      },
    },
  },
};
