-- The ordered funnel of six steps within seven days, exactly: a row of "reached k" is an event of step k whose chain began within
-- seven days, with the latest beginning there is. That is the beginning of the last "reached k-1" before it, hence the ASOF joins.
-- Table: event (user_id, step, done_at); step is 1 to 6, or 0 for an event that is no step. No two events have the same time.
-- Answers one row: how many users reached each step, and the median time from first step to last in microseconds.
WITH reached_1 AS MATERIALIZED (
    SELECT user_id, done_at, done_at AS entry
    FROM event
    WHERE step = 1
),
reached_2 AS MATERIALIZED (
    SELECT e.user_id, e.done_at, p.entry
    FROM (SELECT user_id, done_at FROM event WHERE step = 2) e
    ASOF JOIN reached_1 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.done_at - p.entry <= INTERVAL 7 DAY
),
reached_3 AS MATERIALIZED (
    SELECT e.user_id, e.done_at, p.entry
    FROM (SELECT user_id, done_at FROM event WHERE step = 3) e
    ASOF JOIN reached_2 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.done_at - p.entry <= INTERVAL 7 DAY
),
reached_4 AS MATERIALIZED (
    SELECT e.user_id, e.done_at, p.entry
    FROM (SELECT user_id, done_at FROM event WHERE step = 4) e
    ASOF JOIN reached_3 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.done_at - p.entry <= INTERVAL 7 DAY
),
reached_5 AS MATERIALIZED (
    SELECT e.user_id, e.done_at, p.entry
    FROM (SELECT user_id, done_at FROM event WHERE step = 5) e
    ASOF JOIN reached_4 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.done_at - p.entry <= INTERVAL 7 DAY
),
reached_6 AS MATERIALIZED (
    SELECT e.user_id, e.done_at, p.entry
    FROM (SELECT user_id, done_at FROM event WHERE step = 6) e
    ASOF JOIN reached_5 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.done_at - p.entry <= INTERVAL 7 DAY
),
converted AS (
    SELECT min(done_at) AS done_at, arg_min(entry, done_at) AS entry
    FROM reached_6
    GROUP BY user_id
)
SELECT
    (SELECT count(DISTINCT user_id) FROM reached_1),
    (SELECT count(DISTINCT user_id) FROM reached_2),
    (SELECT count(DISTINCT user_id) FROM reached_3),
    (SELECT count(DISTINCT user_id) FROM reached_4),
    (SELECT count(DISTINCT user_id) FROM reached_5),
    (SELECT count(DISTINCT user_id) FROM reached_6),
    (SELECT quantile_cont(epoch_us(done_at) - epoch_us(entry), 0.5) FROM converted)
