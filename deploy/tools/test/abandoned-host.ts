// Starts PostgreSQL on the directory given as first argument, says so, and waits to be killed.
import { startPostgres } from '@idp/tools';

await startPostgres({ directory: process.argv[2]! });
process.stdout.write('started\n');
setInterval(() => undefined, 60_000);
