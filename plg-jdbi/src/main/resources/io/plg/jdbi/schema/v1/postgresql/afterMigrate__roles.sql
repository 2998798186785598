-- Hands plg's tables and functions to plg_owner and gives plg_app and plg_operator their rights, as far as these roles exist (roles.sql makes
-- them). Runs after each migration; running it again does nothing.
do $$
declare
    v_object record;
    v_mine   boolean; -- whether the tables are there and whoever runs this may grant rights on them
begin
    if exists (select from pg_catalog.pg_roles r where r.rolname = 'plg_owner' and pg_catalog.pg_has_role(current_user, r.oid, 'usage')) then
        for v_object in
            select 'schema' as kind, pg_catalog.format('%I', n.nspname) as name
            from pg_catalog.pg_namespace n
            where n.nspname in ('plg', 'plg_directory') and n.nspowner <> 'plg_owner'::pg_catalog.regrole
              and pg_catalog.pg_has_role(current_user, n.nspowner, 'usage')
            union all
            select 'table', c.oid::pg_catalog.regclass::text
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('plg', 'plg_directory') and c.relkind in ('r', 'p') and c.relowner <> 'plg_owner'::pg_catalog.regrole
              and pg_catalog.pg_has_role(current_user, c.relowner, 'usage')
            union all
            select 'function', p.oid::pg_catalog.regprocedure::text
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('plg', 'plg_directory') and p.proowner <> 'plg_owner'::pg_catalog.regrole
              and pg_catalog.pg_has_role(current_user, p.proowner, 'usage')
        loop
            execute pg_catalog.format('alter %s %s owner to plg_owner', v_object.kind, v_object.name);
        end loop;
    end if;

    select exists (
        select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'plg' and c.relname = 'activation_step' and pg_catalog.pg_has_role(current_user, c.relowner, 'usage'))
    into v_mine;

    if exists (select from pg_catalog.pg_roles r where r.rolname = 'plg_app')
       and v_mine then
        grant usage on schema plg, plg_directory to plg_app;
        grant select, insert on plg.activation_step to plg_app;
        grant select, insert, update on plg.activation_user to plg_app;
        grant select, insert on plg.growth_event to plg_app;
        grant select, insert, update on plg.idempotency_key to plg_app;
        grant select, insert on plg.idempotency_log, plg.idempotency_once to plg_app;
        grant select, insert, update (ends_at) on plg.entitlement to plg_app;
        grant select, insert, update (version) on plg.entitlement_version to plg_app;
        grant select, insert, update on plg.usage_meter, plg.usage_lane to plg_app;
        grant select, insert on plg.usage_entry to plg_app;
        grant select, insert, update (clicked_at, dismissed_at, snoozed_until, upgraded_at) on plg.prompt to plg_app;
        grant select, insert, update (offers) on plg.prompt_user to plg_app;
        grant select, insert on plg.referral_secret, plg.referral_invitation to plg_app;
        grant select, insert, update (active) on plg.referral_code to plg_app;
        grant select, insert, update (views) on plg.share_view to plg_app;
        grant select, insert, update (email_hash, domain_hash, device_hash, ip_hash, bound_at) on plg.referral_trace to plg_app;
        grant select, insert, update (parent_id, jump_id, jump_length, size, counted, version, code, artefact, signed_up_at, bound_at, referral_id, stages, standing, verdict)
            on plg.referral to plg_app;
        grant select, insert, update (state, due_at, issued_at, claw_back_until, reason, taken, provision, fulfilment, refunded) on plg.reward to plg_app;
        grant select, insert on plg.reward_entry to plg_app;
        grant select, insert, update (taken, money) on plg.reward_cap to plg_app;
        grant select, insert, delete on plg.virality_day, plg.virality_change to plg_app;
        grant execute on all functions in schema plg, plg_directory to plg_app;
        revoke execute on function plg_directory.workspaces_after(text, integer) from plg_app;
    end if;

    if exists (select from pg_catalog.pg_roles r where r.rolname = 'plg_operator')
       and v_mine then
        grant usage on schema plg, plg_directory to plg_operator;
        grant select on plg.activation_step, plg.activation_user, plg.growth_event to plg_operator;
        grant select on plg.referral, plg.referral_invitation, plg.virality_day, plg.virality_change to plg_operator;
        grant execute on function
            plg.virality_sums(text, text, text, text, bigint, timestamptz, timestamptz, boolean),
            plg.virality_days_to_do(text, text, text, text, bigint, date, date),
            plg.virality_facts(text, text, text, text, bigint, timestamptz, timestamptz) to plg_operator;
        grant execute on function plg_directory.workspaces_after(text, integer) to plg_operator;
    end if;
end
$$;
