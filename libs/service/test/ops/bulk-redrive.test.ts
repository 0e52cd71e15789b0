import { bulkRedrive } from './suites/bulk-redrive.ts';

bulkRedrive('the PostgreSQL bus');
