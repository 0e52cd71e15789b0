import { openProbe } from './probe.ts';
import { traces } from './suites/traces.ts';

traces('the PostgreSQL bus', () => openProbe('reader.probe'));
