-- plg, schema version 6: referrals. H2 2.3 and later. See postgresql/V6__referrals.sql for what the tables mean.
-- Here a code is looked up in its own table, and depths and sizes are counted when they are asked for.

create table plg.referral_secret (
    workspace_id varchar(256) primary key,
    secret       varbinary(256) not null
);

create table plg.referral_code (
    workspace_id varchar(256) not null,
    program      varchar(256) not null,
    user_id      varchar(256) not null,
    artefact     varchar(256) not null,
    code         varchar(32) not null,
    active       boolean not null,
    created_at   timestamp(6) with time zone not null,
    primary key (workspace_id, program, user_id, artefact)
);
create unique index plg.referral_code_code on plg.referral_code (code);
create index plg.referral_code_user on plg.referral_code (user_id);

create table plg.share_view (
    workspace_id varchar(256) not null,
    user_id      varchar(256) not null,
    code         varchar(32) not null,
    slot         smallint not null,
    views        bigint not null,
    primary key (workspace_id, code, slot)
);
create index plg.share_view_user on plg.share_view (user_id);

create table plg.referral_trace (
    workspace_id varchar(256) not null,
    user_id      varchar(256) not null,
    email_hash   varchar(64),
    domain_hash  varchar(64),
    device_hash  varchar(64),
    ip_hash      varchar(64),
    bound_at     timestamp(6) with time zone,
    primary key (workspace_id, user_id)
);
create index plg.referral_trace_user on plg.referral_trace (user_id);
create index plg.referral_trace_device on plg.referral_trace (workspace_id, device_hash, bound_at);
create index plg.referral_trace_ip on plg.referral_trace (workspace_id, ip_hash, bound_at);

create table plg.referral (
    workspace_id varchar(256) not null,
    program      varchar(256) not null,
    id           uuid not null,
    actor_id     varchar(256),
    parent_id    uuid,
    version      integer,
    code         varchar(32),
    artefact     varchar(256),
    signed_up_at timestamp(6) with time zone,
    bound_at     timestamp(6) with time zone,
    referral_id  uuid,
    stages       clob not null,
    standing     smallint not null,
    verdict      clob,
    primary key (workspace_id, program, id)
);
create unique index plg.referral_actor on plg.referral (workspace_id, program, actor_id);
create index plg.referral_actor_erased on plg.referral (actor_id);
create index plg.referral_parent on plg.referral (workspace_id, program, parent_id, bound_at);
create index plg.referral_late on plg.referral (workspace_id, program, referral_id);
create index plg.referral_held on plg.referral (workspace_id, program, standing, bound_at);

create table plg.referral_invitation (
    workspace_id varchar(256) not null,
    program      varchar(256) not null,
    user_id      varchar(256) not null,
    id           uuid not null,
    sent_at      timestamp(6) with time zone not null,
    primary key (workspace_id, program, id)
);
create index plg.referral_invitation_sender on plg.referral_invitation (user_id);

create table plg_directory.referral (
    program               varchar(256) not null,
    user_hash             varbinary(32) not null,
    referrer_hash         varbinary(32),
    workspace_id          varchar(256),
    referred_workspace_id varchar(256),
    primary key (program, user_hash)
);
create index plg_directory.referral_workspace on plg_directory.referral (workspace_id);
create index plg_directory.referral_referred_workspace on plg_directory.referral (referred_workspace_id);

create table plg_directory.referral_joins (
    program varchar(256) primary key,
    joins   bigint not null
);
