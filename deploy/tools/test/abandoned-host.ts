// Starts the server named by the second argument on the directory given as first, says so, and waits to be killed.
import { startKafka, startPostgres, startRedis } from '@idp/tools';

const starters: Record<string, (options: { directory: string }) => Promise<unknown>> = {
  postgres: startPostgres,
  kafka: startKafka,
  redis: startRedis,
};
const [directory = '', server = 'postgres'] = process.argv.slice(2);
await starters[server]!({ directory });
process.stdout.write('started\n');
setInterval(() => undefined, 60_000);
