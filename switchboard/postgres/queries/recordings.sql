-- unsettled --
-- Recordings that were ordered, of calls that have ended, which nobody has looked at: those of which Asterisk's log has
-- told, and those of calls that ended before $1, of which it has nothing.
select
    ordered.call_id,
    ordered.at,
    ordered.data,
    coalesce((
        select jsonb_agg(jsonb_build_object('kind', told.kind, 'at', told.at) order by told.at)
        from call_events as told
        where told.call_id = ordered.call_id
            and told.kind in ('recording_paused', 'recording_resumed')
            and told.data ->> 'recording' = ordered.data ->> 'recording'
    ), '[]'::jsonb) as pauses
from call_events as ordered
join calls on calls.id = ordered.call_id
where ordered.kind = 'recording_ordered'
    and calls.ended_at is not null
    and not exists (select from recordings where recordings.id::text = ordered.data ->> 'recording')
    and (
        calls.ended_at < $1
        or exists (
            select from call_events as told
            where told.call_id = ordered.call_id
                and told.kind = 'recording_ended'
                and told.data ->> 'recording' = ordered.data ->> 'recording'
        )
    )
order by ordered.at
limit 50

-- settle --
-- What became of a recording.
insert into recordings (id, call_id, started_at, state, seconds, consent, people, pauses, keep_until, sha256)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10)
on conflict (id) do nothing

-- overdue --
-- Kept recordings whose time is over at $1.
select id, call_id
from recordings
where state = 'kept' and keep_until <= $1
order by keep_until
limit 100

-- erased --
-- Of the recording $1 only the fact is left.
update recordings
set state = 'erased', people = '', sha256 = null
where id = $1 and state = 'kept'
returning call_id

-- listed --
-- The newest recordings, at most $1.
select id, call_id, started_at, state, seconds, consent, people, keep_until
from recordings
order by started_at desc
limit $1

-- one --
-- A recording whose id or whose call's id begins with $1.
select id, call_id, state
from recordings
where id::text like $1 || '%' or call_id::text like $1 || '%'
limit 2

-- note --
-- An event of a call that a person at this machine caused.
insert into call_events (event_id, call_id, at, kind, data)
values ($1, $2, $3, $4, $5::text::jsonb)
