-- calls_now --
-- Calls that go on, the oldest first, at most $2; older than $1 is a record that nobody closed yet.
select * from calls where ended_at is null and started_at >= $1 order by started_at, id limit $2

-- events_of --
-- All events of the calls $1 (uuid[]).
select call_id, event_id, at, kind, data from call_events where call_id = any($1::uuid[])

-- history --
-- Calls before ($1, $2) (null: all), the newest first, at most $4; where $3 is not empty, those in whose numbers or
-- names it is.
select * from calls
where ($1::timestamptz is null or (started_at, id) < ($1, $2::uuid))
    and ($3 = '' or position($3 in lower(caller_number)) > 0 or position($3 in lower(caller_name)) > 0
        or position($3 in number) > 0 or position($3 in lower(coalesce(answered_name, ''))) > 0)
order by started_at desc, id desc
limit $4

-- call --
-- The call $1.
select * from calls where id = $1
