-- How a cohort came along in a funnel, from the stored facts: one row for each group and each step that somebody completed (step is
-- null if nobody completed any). Times to activation are in nanoseconds; percentiles are those of percentile_cont, computed
-- without its rounding to floating point.
--
-- In psql:  begin; select set_config('plg.workspace_id', 'acme', true);
--           \set workspace '''acme'''  \set funnel '''onboarding'''  \set first_step '''account_created'''
--           \set aha '''first_export_completed'''  \set from_time '''2026-03-01'''  \set to_time '''infinity'''
--           \set key '''company'''     (or \set key null, for one group of all)
--           \i report-postgresql.sql
with member as (
    select u.user_id,
           coalesce(u.host_signed_up_at, f.completed_at) as signed_up_at,
           coalesce(f.metadata ->> cast(:key as text), '') as value
    from plg.activation_user u
    left join plg.activation_step f
           on f.workspace_id = u.workspace_id and f.funnel = u.funnel and f.user_id = u.user_id and f.step = :first_step
    where u.workspace_id = :workspace
      and u.funnel = :funnel
      and coalesce(u.host_signed_up_at, f.completed_at) >= cast(:from_time as timestamptz)
      and coalesce(u.host_signed_up_at, f.completed_at) < cast(:to_time as timestamptz)
), cohort as (
    select value, count(*) as signed_up from member group by value
), reached as (
    select m.value, s.step, count(*) as completed
    from member m
    join plg.activation_step s on s.workspace_id = :workspace and s.funnel = :funnel and s.user_id = m.user_id
    group by m.value, s.step
), elapsed as (
    select m.value,
           count(*) as n,
           array_agg(t.micros order by t.micros) as v,
           sum(t.micros) as total
    from member m
    join plg.activation_step a
      on a.workspace_id = :workspace and a.funnel = :funnel and a.user_id = m.user_id and a.step = :aha
    cross join lateral (
        select cast((extract(epoch from a.completed_at) - extract(epoch from m.signed_up_at)) * 1000000 as bigint) as micros
    ) t
    group by m.value
), percentile as (
    -- The value at position p · (n − 1), counted from 0 and in hundredths, between the two nearest.
    select e.value, p.percent,
           cast(e.v[1 + p.position / 100] as numeric) * 1000
             + cast(e.v[1 + least(p.position / 100 + 1, e.n - 1)] - e.v[1 + p.position / 100] as numeric)
               * 10 * (p.position % 100) as nanos
    from elapsed e
    cross join lateral (select c.percent, c.percent * (e.n - 1) as position from unnest(array[50, 75, 90]) as c (percent)) p
), summary as (
    select e.value, e.n, div(e.total * 1000, e.n) as mean,
           max(p.nanos) filter (where p.percent = 50) as p50,
           max(p.nanos) filter (where p.percent = 75) as p75,
           max(p.nanos) filter (where p.percent = 90) as p90
    from elapsed e join percentile p on p.value = e.value
    group by e.value, e.n, e.total
)
select c.value, c.signed_up, r.step, r.completed,
       coalesce(s.n, 0) as activated, s.mean as mean_ns, s.p50 as p50_ns, s.p75 as p75_ns, s.p90 as p90_ns
from cohort c
left join reached r on r.value = c.value
left join summary s on s.value = c.value
order by c.value collate "C", r.completed desc
;
