-- The roles that plg's schema is made for. To be run by an administrator (superuser or CREATEROLE), once for each cluster, before or after
-- the tables are made; running it again does nothing. None of them can log in: logins are made members of them.
--
--   plg_owner     owns every table and function. The login that runs migrations is a member.
--   plg_app       what the application needs, and no more. The application's login is a member:  grant plg_app to my_app;
--   plg_operator  reads for operator reports, one workspace after another. The login of plg.operator() is a member.
--
-- One login may be a member of plg_app only. A login that is a member of plg_owner as well can lift row level security.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['plg_owner', 'plg_app', 'plg_operator'] loop
        if not exists (select from pg_catalog.pg_roles r where r.rolname = v_role) then
            begin
                execute pg_catalog.format('create role %I nologin', v_role);
            exception when duplicate_object or unique_violation then
                null; -- somebody else was faster
            end;
        end if;
    end loop;
    -- An administrator who is no superuser must be able to hand tables over. Since PostgreSQL 16, who makes a role may grant it and is no full
    -- member of it.
    if not pg_catalog.pg_has_role(current_user, 'plg_owner', 'usage') then
        begin
            execute pg_catalog.format('grant plg_owner to %I', current_user);
        exception when insufficient_privilege then
            raise notice 'plg: % is no member of plg_owner and cannot become one; whoever may should run: grant plg_owner to %',
                current_user, pg_catalog.quote_ident(current_user);
        end;
    end if;
end
$$;
