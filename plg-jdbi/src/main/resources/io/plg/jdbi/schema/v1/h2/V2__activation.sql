-- plg, schema version 2: activation and growth events. H2 2.3 and later. See postgresql/V2__activation.sql for what the tables mean.

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
