-- What reports over several workspaces are made of: of one workspace's cohort, one row for each step that somebody completed (step is null if
-- nobody completed any), the number of members, and the times from sign-up to aha in microseconds. Parameters as in report-postgresql.sql.
with member as (
    select u.user_id, coalesce(u.host_signed_up_at, f.completed_at) as signed_up_at
    from plg.activation_user u
    left join plg.activation_step f
           on f.workspace_id = u.workspace_id and f.funnel = u.funnel and f.user_id = u.user_id and f.step = :first_step
    where u.workspace_id = :workspace
      and u.funnel = :funnel
      and coalesce(u.host_signed_up_at, f.completed_at) >= cast(:from_time as timestamptz)
      and coalesce(u.host_signed_up_at, f.completed_at) < cast(:to_time as timestamptz)
), reached as (
    select s.step, count(*) as completed
    from member m
    join plg.activation_step s on s.workspace_id = :workspace and s.funnel = :funnel and s.user_id = m.user_id
    group by s.step
), elapsed as (
    select array_agg(cast((extract(epoch from a.completed_at) - extract(epoch from m.signed_up_at)) * 1000000 as bigint)) as micros
    from member m
    join plg.activation_step a
      on a.workspace_id = :workspace and a.funnel = :funnel and a.user_id = m.user_id and a.step = :aha
)
select c.signed_up, r.step, r.completed, case when row_number() over (order by r.completed) = 1 then e.micros end as micros
from (select count(*) as signed_up from member) c
cross join elapsed e
left join reached r on true
order by r.completed desc
;
