import { parentPort } from 'node:worker_threads';
import scalar from '@scalar/fastify-api-reference';
import fastify from 'fastify';

const app = fastify();
await app.register(scalar, { routePrefix: '/docs', configuration: { url: '/api/openapi.json' } });
const { statusCode, rawPayload } = await app.inject('/docs/js/scalar.js');
if (statusCode !== 200) throw new Error(`the Scalar plugin answered ${statusCode} for its bundle`);
const bundle = new Uint8Array(rawPayload);
parentPort!.postMessage(bundle, [bundle.buffer]);
