import { createFileRegistry, fromJson, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { eventTypes, type EventType } from '@idp/contracts';
import { publish, type EventTransaction, type PublishInput } from '@idp/events';
import { registerTestService } from '../stack/test-service.ts';

/** A transfer as its event tells it. */
export interface TransferPosted {
  transferId: string;
  fromAccount: string;
  toAccount: string;
  amount: bigint;
}

/** The type of the test service, as consumers name it. */
export const transferPosted = 'idp.ledger.v1.TransferPosted' as EventType;

const entityTypes = ['idp.catalog.v1.EntityCreated', 'idp.catalog.v1.EntityUpdated', 'idp.catalog.v1.EntityDeleted'];
/** Who reads what in the ledger. */
const readers = { transfers: ['ledger.credits', 'ledger.statements'], entities: 'ledger.entities' };

/**
 * Adds the test service's message, topic and consumers to the registry of this process: proto/topics.yaml describes the product
 * and knows no test service. Every process that runs the ledger or prepares its database calls it before anything else.
 */
export function registerLedger(): void {
  const registry = eventTypes as Record<string, unknown>;
  registry[transferPosted] = {
    schema: transferSchema(),
    dataSchema: 'buf:idp.ledger.v1.TransferPosted#00000001',
    topic: 'idp.ledger.transfer.v1',
    owner: 'ledger',
    notFor: [],
    aggregate: 'account',
    partitions: 12,
    retentionHours: 168,
    cleanup: 'delete',
    carries: 'state',
    pii: 'none',
    beats: false,
    consumers: readers.transfers,
  };
  for (const type of entityTypes) {
    const known = eventTypes[type as EventType];
    registry[type] = { ...known, consumers: [...known.consumers, readers.entities] };
  }
  registerTestService('ledger');
}

/** `publish` for the type the generated registry does not know. */
export function publishTransfer(tx: EventTransaction, version: bigint, data: TransferPosted): string {
  const event = { type: transferPosted, aggregateId: data.fromAccount, version, data };
  return publish(tx, event as unknown as PublishInput);
}

function transferSchema(): DescMessage {
  const text = (name: string, number: number) => ({ name, number, type: 'TYPE_STRING', label: 'LABEL_OPTIONAL' });
  const files = {
    file: [
      {
        name: 'idp/ledger/v1/events.proto',
        package: 'idp.ledger.v1',
        syntax: 'proto3',
        messageType: [
          {
            name: 'TransferPosted',
            field: [
              text('tenant_id', 1),
              text('transfer_id', 2),
              text('from_account', 3),
              text('to_account', 4),
              { name: 'amount', number: 5, type: 'TYPE_INT64', label: 'LABEL_OPTIONAL' },
            ],
          },
        ],
      },
    ],
  };
  return createFileRegistry(fromJson(FileDescriptorSetSchema, files)).getMessage(transferPosted)!;
}
