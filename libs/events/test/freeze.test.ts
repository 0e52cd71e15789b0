import { openProbe } from './probe.ts';
import { frozenProcesses } from './suites/frozen-processes.ts';

frozenProcesses('the PostgreSQL bus', () => openProbe('reader.probe'));
