-- newest_calls --
-- Rows of calls that started at $1 (null: ever) or later, newest first, at most $2.
select *
from calls
where $1::timestamptz is null or started_at >= $1
order by started_at desc, id desc
limit $2

-- call --
-- The row of the call $1.
select *
from calls
where id = $1

-- story --
-- All events of the call $1; the reader puts them in order.
select call_id, event_id, at, kind, data
from call_events
where call_id = $1

-- calls_beginning --
-- Ids of calls between $1 and $2, both included: those that share a prefix. Two suffice to tell that it is not unique.
select id
from calls
where id between $1 and $2
order by id
limit 2

-- known_calls --
-- Which of the calls $1 (uuid[]) have begun and which have ended.
select id, started_at, ended_at, linkedid
from calls
where id = any($1::uuid[])

-- open_calls --
-- Calls with no end that began before $1, oldest first, at most $2.
select id, started_at, ended_at, linkedid
from calls
where ended_at is null and started_at < $1
order by started_at
limit $2

-- ended_calls --
-- Ids of calls that have ended and began at $1 or later, oldest first, after the call $3 of the instant $2; at most $4.
select id, started_at
from calls
where ended_at is not null and started_at >= $1 and (started_at, id) > ($2::timestamptz, $3::uuid)
order by started_at, id
limit $4

-- stories --
-- All events of the calls $1 (uuid[]); the reader puts them in order.
select call_id, event_id, at, kind, data
from call_events
where call_id = any($1::uuid[])
