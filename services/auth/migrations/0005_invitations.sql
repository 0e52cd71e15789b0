create table invitations (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  organization_id uuid not null,
  email text collate "C" not null,
  email_norm text collate "C" not null,
  role text collate "C" not null,
  team_ids uuid[] not null default '{}',
  invited_by text collate "C" not null,
  inviter_name text not null,
  state text collate "C" not null default 'pending' check (state in ('pending', 'accepted', 'declined', 'canceled', 'expired')),
  expires_at timestamptz not null,
  mailed_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, organization_id) references organizations (tenant_id, id)
);
comment on table invitations is 'class: tenant';
-- Which addresses somebody waits for: one invitation each.
create unique index invitations_pending on invitations (tenant_id, organization_id, email_norm) where state = 'pending';
create index invitations_list on invitations (tenant_id, organization_id, created_at, id);
create index invitations_due on invitations (tenant_id, expires_at) where state = 'pending';
alter table invitations enable row level security;
alter table invitations force row level security;
create policy tenant on invitations to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on invitations to {{app}};

-- Links that are sent by mail: the text exists in the mail alone. A newer one for the same thing takes the place of the old.
create table one_time_tokens (
  hash bytea not null primary key,
  kind text collate "C" not null check (kind in ('invitation')),
  tenant_id uuid not null,
  subject_id uuid not null,
  email_norm text collate "C" not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
comment on table one_time_tokens is 'class: global: a link is opened before anybody has signed in';
create unique index one_time_tokens_subject on one_time_tokens (kind, tenant_id, subject_id);
alter table one_time_tokens enable row level security;
alter table one_time_tokens force row level security;
create policy global on one_time_tokens to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on one_time_tokens to {{app}};
