-- plg, schema version 3: idempotency keys. H2 2.3 and later.
-- See postgresql/V3__idempotency.sql for what the tables mean. Here a claimed key has a row at once, which nobody else sees before the commit:
-- whoever inserts the same waits for it.

create table plg.idempotency_key (
    workspace_id varchar(256) not null,
    scope        varbinary(32) not null,
    operation    varchar(256) not null,
    request_key  varchar(255) not null,
    user_id      varchar(256),
    service      varchar(256),
    fingerprint  varbinary(32) not null,
    effect_id    uuid not null,
    token        bigint not null,
    leased_until timestamp(6) with time zone,
    finished_at  timestamp(6) with time zone,
    result       clob,
    expires_at   timestamp(6) with time zone not null,
    primary key (workspace_id, scope)
);
create index plg.idempotency_key_expires on plg.idempotency_key (workspace_id, expires_at);

create table plg.idempotency_log (
    workspace_id varchar(256) not null,
    scope        varbinary(32) not null,
    operation    varchar(256) not null,
    request_key  varchar(255) not null,
    fingerprint  varbinary(32) not null,
    effect_id    uuid not null,
    executed_at  timestamp(6) with time zone not null,
    primary key (workspace_id, scope)
);

create table plg.idempotency_once (
    workspace_id varchar(256) not null,
    what         varchar(256) not null,
    subject      varbinary(32) not null,
    user_id      varchar(256),
    effect_id    uuid not null,
    happened_at  timestamp(6) with time zone not null,
    primary key (workspace_id, what, subject)
);
