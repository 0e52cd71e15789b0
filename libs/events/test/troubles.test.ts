import { openProbe } from './probe.ts';
import { failingKeys } from './suites/failing-keys.ts';
import { missingTopic } from './suites/missing-topic.ts';

failingKeys('the PostgreSQL bus', () => openProbe('reader.probe'));
missingTopic('the PostgreSQL bus', () => openProbe('reader.probe'), { readersJoinOnce: true });
