-- plg, schema version 1: activation. H2 2.3 and later, in its regular mode and in MODE=PostgreSQL.
--
-- H2 has no row level security: here only the predicates of plg's own statements keep workspaces apart.
-- See postgresql/V1__activation.sql for what the tables mean.

create schema if not exists plg;
create schema if not exists plg_directory;

create table plg.activation_step (
    workspace_id varchar(256) not null,
    funnel       varchar(256) not null,
    user_id      varchar(256) not null,
    step         varchar(256) not null,
    completed_at timestamp(6) with time zone not null,
    metadata     varchar(1000000) not null,
    recorded_at  timestamp(6) with time zone not null,
    primary key (workspace_id, funnel, user_id, step)
);

create table plg.activation_user (
    workspace_id      varchar(256) not null,
    funnel            varchar(256) not null,
    user_id           varchar(256) not null,
    host_signed_up_at timestamp(6) with time zone,
    completed         integer not null,
    score             smallint not null,
    primary key (workspace_id, funnel, user_id)
);

create table plg.growth_event (
    workspace_id varchar(256) not null,
    id           uuid not null,
    type         varchar(256) not null,
    version      smallint not null,
    occurred_at  timestamp(6) with time zone not null,
    user_id      varchar(256) not null,
    data         varchar(1000000) not null,
    primary key (workspace_id, id)
);

create table plg_directory.change_feed (
    seq          bigint generated always as identity primary key,
    workspace_id varchar(256) not null,
    kind         varchar(64) not null,
    subject      varchar(256) not null,
    noted_at     timestamp(6) with time zone not null
);

create index plg_directory.change_feed_noted_at on plg_directory.change_feed (noted_at);
