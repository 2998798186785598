-- An easier question than the ordered funnel, and often taken for it: each user's first step 1, the first step 2 after that, and so on,
-- within seven days of the first step 1. Who starts again later and then converts is missed, so the counts are lower.
-- Table: event (user_id, step, done_at). Answers one row: how many users reached each step so.
WITH touch_1 AS MATERIALIZED (
    SELECT user_id, min(done_at) AS done_at, min(done_at) AS entry
    FROM event
    WHERE step = 1
    GROUP BY user_id
),
touch_2 AS MATERIALIZED (
    SELECT e.user_id, min(e.done_at) AS done_at, any_value(p.entry) AS entry
    FROM event e
    JOIN touch_1 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.step = 2 AND e.done_at - p.entry <= INTERVAL 7 DAY
    GROUP BY e.user_id
),
touch_3 AS MATERIALIZED (
    SELECT e.user_id, min(e.done_at) AS done_at, any_value(p.entry) AS entry
    FROM event e
    JOIN touch_2 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.step = 3 AND e.done_at - p.entry <= INTERVAL 7 DAY
    GROUP BY e.user_id
),
touch_4 AS MATERIALIZED (
    SELECT e.user_id, min(e.done_at) AS done_at, any_value(p.entry) AS entry
    FROM event e
    JOIN touch_3 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.step = 4 AND e.done_at - p.entry <= INTERVAL 7 DAY
    GROUP BY e.user_id
),
touch_5 AS MATERIALIZED (
    SELECT e.user_id, min(e.done_at) AS done_at, any_value(p.entry) AS entry
    FROM event e
    JOIN touch_4 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.step = 5 AND e.done_at - p.entry <= INTERVAL 7 DAY
    GROUP BY e.user_id
),
touch_6 AS MATERIALIZED (
    SELECT e.user_id, min(e.done_at) AS done_at, any_value(p.entry) AS entry
    FROM event e
    JOIN touch_5 p ON e.user_id = p.user_id AND e.done_at > p.done_at
    WHERE e.step = 6 AND e.done_at - p.entry <= INTERVAL 7 DAY
    GROUP BY e.user_id
)
SELECT
    (SELECT count(*) FROM touch_1),
    (SELECT count(*) FROM touch_2),
    (SELECT count(*) FROM touch_3),
    (SELECT count(*) FROM touch_4),
    (SELECT count(*) FROM touch_5),
    (SELECT count(*) FROM touch_6),
    NULL
