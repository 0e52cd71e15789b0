import { runService } from '../src/index.ts';
import { demoWithTopics } from './demo-service.ts';

// For the tests of uncaught errors: a promise nobody waits for, after the start.
if (process.env['DEMO_CRASH'] !== undefined) {
  process.on('SIGUSR2', () => void Promise.reject(new Error('nobody waits for this')));
}
await runService(demoWithTopics);
