create schema shop;
grant usage on schema shop to shop_app;

create table shop.country (code text primary key);
grant select on shop.country to shop_app;

create table shop.project (
    tenant_id text   not null,
    id        bigint not null,
    name      text   not null,
    primary key (tenant_id, id)
);
grant select, insert, update, delete on shop.project to shop_app;

alter table shop.project enable row level security;
alter table shop.project force row level security;
create policy workspace on shop.project
    using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on shop.project as restrictive
    using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')));
