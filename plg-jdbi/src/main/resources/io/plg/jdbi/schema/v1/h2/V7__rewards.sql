-- plg, schema version 7: rewards. H2 2.3 and later. See postgresql/V7__rewards.sql for what the tables mean.
-- Here the workspaces with due rewards are found by the rewards themselves.

create table plg.reward (
    workspace_id    varchar(256) not null,
    id              uuid not null,
    program         varchar(256) not null,
    rule            varchar(256) not null,
    event           varchar(256) not null,
    party           varchar(16) not null,
    actor_id        varchar(256),
    cap_actor_id    varchar(256),
    state           varchar(16) not null,
    benefit         clob not null,
    terms           clob not null,
    decided_at      timestamp(6) with time zone not null,
    due_at          timestamp(6) with time zone,
    issued_at       timestamp(6) with time zone,
    claw_back_until timestamp(6) with time zone,
    reason          clob not null,
    taken           clob not null,
    provision       uuid,
    fulfilment      smallint not null,
    refunded        decfloat(60) not null,
    primary key (workspace_id, id)
);
create unique index plg.reward_once on plg.reward (workspace_id, program, rule, event, party);
create index plg.reward_event on plg.reward (workspace_id, program, event);
create index plg.reward_actor on plg.reward (actor_id);
create index plg.reward_cap_actor on plg.reward (cap_actor_id);
create index plg.reward_of_user on plg.reward (workspace_id, actor_id, decided_at);
create index plg.reward_state on plg.reward (workspace_id, state, decided_at);
create index plg.reward_due on plg.reward (due_at);

create table plg.reward_entry (
    workspace_id varchar(256) not null,
    id           uuid not null,
    reward_id    uuid,
    actor_id     varchar(256),
    unit         varchar(256) not null,
    amount       decfloat(60) not null,
    kind         varchar(32) not null,
    recorded_at  timestamp(6) with time zone not null,
    primary key (workspace_id, id)
);
create index plg.reward_entry_actor on plg.reward_entry (actor_id);
create index plg.reward_entry_of_user on plg.reward_entry (workspace_id, actor_id, unit);

create table plg.reward_cap (
    workspace_id varchar(256) not null,
    program      varchar(256) not null,
    cap          varchar(256) not null,
    user_id      varchar(256) not null,
    period_start timestamp(6) with time zone not null,
    taken        bigint not null,
    money        bigint not null,
    primary key (workspace_id, program, cap, user_id, period_start)
);
create index plg.reward_cap_user on plg.reward_cap (user_id);

create table plg_directory.reward_cap (
    program      varchar(256) not null,
    cap          varchar(256) not null,
    period_start timestamp(6) with time zone not null,
    taken        bigint not null,
    money        bigint not null,
    primary key (program, cap, period_start)
);
