import type { EventTransport, WakeSignal } from '../../src/index.ts';
import type { ServiceHandle } from '../bench-database.ts';

/** What carries the events of a probe: the PostgreSQL bus or Kafka. */
export interface Carrier extends AsyncDisposable {
  /** Its name in the names of tests. */
  readonly name: string;
  /** Variables by which the worker of these tests finds the same topics. */
  readonly env: Readonly<Record<string, string>>;
  /** A transport as one process of a service has it. */
  open(service: ServiceHandle, wake: WakeSignal): EventTransport;
  /** Forgets all records and all progress. Nothing may run. */
  reset(): Promise<void>;
  /** How many records lie in all topics. */
  countRecords(): Promise<number>;
  /** Takes a topic away with all that lies in it; clients may be at work. */
  removeTopic(name: string): Promise<void>;
  /** Makes a topic that was taken away. */
  makeTopic(name: string): Promise<void>;
}
