-- plg, schema version 4: what workspaces have and how much of it they use. H2 2.3 and later.
-- See postgresql/V4__gates.sql for what the tables mean. There are no lanes here: each consumption locks its meter.

create table plg.entitlement (
    workspace_id varchar(256) not null,
    id           uuid not null,
    kind         varchar(64) not null,
    feature      varchar(256),
    effective_at timestamp(6) with time zone not null,
    ends_at      timestamp(6) with time zone,
    stated_at    timestamp(6) with time zone not null,
    version      bigint not null,
    body         clob not null,
    primary key (workspace_id, id)
);

create table plg.entitlement_version (
    workspace_id varchar(256) primary key,
    version      bigint not null
);

create table plg.usage_meter (
    workspace_id varchar(256) not null,
    feature      varchar(256) not null,
    user_id      varchar(256) not null,
    state        clob,
    used         numeric(30, 6),
    held         numeric(30, 6),
    as_of        timestamp(6) with time zone,
    primary key (workspace_id, feature, user_id)
);

create table plg.usage_entry (
    workspace_id varchar(256) not null,
    feature      varchar(256) not null,
    slot         smallint not null,
    seq          bigint not null,
    kind         varchar(16) not null,
    amount       numeric(30, 6) not null,
    held         numeric(30, 6) not null,
    parts        clob not null,
    recorded_at  timestamp(6) with time zone not null,
    period_start timestamp(6) with time zone,
    actor_id     varchar(256),
    hold_id      uuid,
    refers_to    varchar(64),
    primary key (workspace_id, feature, slot, seq)
);
create index plg.usage_entry_actor on plg.usage_entry (actor_id);
create index plg.usage_entry_hold on plg.usage_entry (workspace_id, hold_id);
create index plg.usage_entry_refers on plg.usage_entry (workspace_id, feature, refers_to);

alter table plg.growth_event alter column user_id set null;
