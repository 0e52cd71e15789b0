// The peer of the kernel: Fastify with one route and nothing else.
import Fastify from 'fastify';
import { announce } from '../side.ts';

const app = Fastify();
app.get('/healthz', () => ({ status: 'ok' }));
announce({ url: await app.listen({ port: 0, host: '127.0.0.1' }) });
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
