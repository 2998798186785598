-- The ordered funnel of six steps within seven days, exactly: step by step along each user's events, carrying the latest
-- beginning of a chain that has reached step k so far.
-- Table: event (user_id, step, done_at); step is 1 to 6, or 0 for an event that is no step. No two events have the same time.
-- Answers one row: how many users reached each step, and the median time from first step to last in microseconds.
WITH passed_1 AS (
    SELECT user_id, done_at, step, CASE WHEN step = 1 THEN done_at END AS entry, CASE WHEN step = 1 THEN 1 END AS depth
    FROM event
    WHERE step > 0
),
before_2 AS (
    SELECT user_id, done_at, step, depth, max(entry) OVER w AS latest
    FROM passed_1
    WINDOW w AS (PARTITION BY user_id ORDER BY done_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
passed_2 AS (
    SELECT
        user_id, done_at, step,
        CASE WHEN step = 2 AND done_at - latest <= INTERVAL 7 DAY THEN latest END AS entry,
        CASE WHEN step = 2 AND done_at - latest <= INTERVAL 7 DAY THEN 2 ELSE depth END AS depth
    FROM before_2
),
before_3 AS (
    SELECT user_id, done_at, step, depth, max(entry) OVER w AS latest
    FROM passed_2
    WINDOW w AS (PARTITION BY user_id ORDER BY done_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
passed_3 AS (
    SELECT
        user_id, done_at, step,
        CASE WHEN step = 3 AND done_at - latest <= INTERVAL 7 DAY THEN latest END AS entry,
        CASE WHEN step = 3 AND done_at - latest <= INTERVAL 7 DAY THEN 3 ELSE depth END AS depth
    FROM before_3
),
before_4 AS (
    SELECT user_id, done_at, step, depth, max(entry) OVER w AS latest
    FROM passed_3
    WINDOW w AS (PARTITION BY user_id ORDER BY done_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
passed_4 AS (
    SELECT
        user_id, done_at, step,
        CASE WHEN step = 4 AND done_at - latest <= INTERVAL 7 DAY THEN latest END AS entry,
        CASE WHEN step = 4 AND done_at - latest <= INTERVAL 7 DAY THEN 4 ELSE depth END AS depth
    FROM before_4
),
before_5 AS (
    SELECT user_id, done_at, step, depth, max(entry) OVER w AS latest
    FROM passed_4
    WINDOW w AS (PARTITION BY user_id ORDER BY done_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
passed_5 AS (
    SELECT
        user_id, done_at, step,
        CASE WHEN step = 5 AND done_at - latest <= INTERVAL 7 DAY THEN latest END AS entry,
        CASE WHEN step = 5 AND done_at - latest <= INTERVAL 7 DAY THEN 5 ELSE depth END AS depth
    FROM before_5
),
before_6 AS (
    SELECT user_id, done_at, step, depth, max(entry) OVER w AS latest
    FROM passed_5
    WINDOW w AS (PARTITION BY user_id ORDER BY done_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
passed_6 AS (
    SELECT
        user_id, done_at, step,
        CASE WHEN step = 6 AND done_at - latest <= INTERVAL 7 DAY THEN latest END AS entry,
        CASE WHEN step = 6 AND done_at - latest <= INTERVAL 7 DAY THEN 6 ELSE depth END AS depth
    FROM before_6
),
subject AS (
    SELECT
        user_id,
        max(depth) AS depth,
        min(done_at) FILTER (WHERE depth = 6) AS done_at,
        arg_min(entry, done_at) FILTER (WHERE depth = 6) AS entry
    FROM passed_6
    GROUP BY user_id
)
SELECT
    count(*) FILTER (WHERE depth >= 1),
    count(*) FILTER (WHERE depth >= 2),
    count(*) FILTER (WHERE depth >= 3),
    count(*) FILTER (WHERE depth >= 4),
    count(*) FILTER (WHERE depth >= 5),
    count(*) FILTER (WHERE depth >= 6),
    quantile_cont(epoch_us(done_at) - epoch_us(entry), 0.5)
FROM subject
