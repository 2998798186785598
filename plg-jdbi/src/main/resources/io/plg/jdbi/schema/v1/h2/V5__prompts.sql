-- plg, schema version 5: upgrade prompts. H2 2.3 and later. See postgresql/V5__prompts.sql for what the tables mean.

create table plg.prompt (
    workspace_id  varchar(256) not null,
    id            uuid not null,
    user_id       varchar(256) not null,
    feature       varchar(256) not null,
    severity      smallint not null,
    offered_plan  varchar(256),
    experiment    varchar(256),
    variant       varchar(256),
    shown_at      timestamp(6) with time zone not null,
    clicked_at    timestamp(6) with time zone,
    dismissed_at  timestamp(6) with time zone,
    snoozed_until timestamp(6) with time zone,
    upgraded_at   timestamp(6) with time zone,
    primary key (workspace_id, id)
);
create index plg.prompt_of_user on plg.prompt (workspace_id, user_id, shown_at);
create index plg.prompt_shown on plg.prompt (workspace_id, shown_at);

create table plg.prompt_user (
    workspace_id varchar(256) not null,
    user_id      varchar(256) not null,
    offers       bigint not null,
    primary key (workspace_id, user_id)
);
