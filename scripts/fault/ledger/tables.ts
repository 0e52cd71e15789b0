import type { Generated } from 'kysely';

export interface Tables {
  accounts: {
    tenant_id: Generated<string>;
    id: string;
    opening: string;
    debited: Generated<string>;
    credited: Generated<string>;
    version: Generated<string>;
  };
  transfers: {
    tenant_id: Generated<string>;
    id: string;
    operation: string;
    from_account: string;
    to_account: string;
    amount: string;
    sequence: string;
    event_id: string;
  };
  effects: {
    tenant_id: Generated<string>;
    no: Generated<string>;
    consumer: string;
    event_id: string;
    transfer_id: string;
    account: string;
    sequence: string;
  };
}
