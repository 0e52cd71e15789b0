import type { EventTransport } from '../transport/transport.ts';

/** A transport that sends some requests twice, as a relay does that dies after the acknowledgement; for tests. */
export function withDuplicates(transport: EventTransport, share: number, random: () => number): EventTransport {
  if (share === 0) return transport;
  return {
    ...transport,
    async publish(records, signal) {
      const outcomes = await transport.publish(records, signal);
      if (random() < share) await transport.publish(records, signal);
      return outcomes;
    },
  };
}
