-- plg, schema version 1: workspaces. H2 2.3 and later, in its regular mode and in MODE=PostgreSQL.
--
-- H2 has no row level security: here only the predicates of plg's own statements keep workspaces apart.
-- See postgresql/V1__workspaces.sql for what the tables mean.

create schema if not exists plg;
create schema if not exists plg_directory;

create table plg_directory.workspace (
    workspace_id varchar(256) not null,
    noted_by     bigint generated always as identity,
    primary key (workspace_id, noted_by)
);

create table plg_directory.deleted_workspace (
    workspace_id varchar(256) primary key,
    deleted_at   timestamp(6) with time zone not null,
    complete     boolean not null default false
);

create table plg_directory.erased_user (
    user_hash varbinary(32) primary key,
    user_id   varchar(256),
    erased_at timestamp(6) with time zone not null
);

create table plg_directory.change_feed (
    seq          bigint generated always as identity primary key,
    workspace_id varchar(256) not null,
    kind         varchar(64) not null,
    subject      varchar(256) not null,
    noted_at     timestamp(6) with time zone not null
);

create index plg_directory.change_feed_noted_at on plg_directory.change_feed (noted_at);
