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
    ), '[]'::jsonb) as pauses,
    coalesce((
        select string_agg(name, ', ' order by began)
        from (
            select talked.data ->> 'name' as name, min(talked.began) as began
            from (
                select
                    data,
                    at,
                    at - make_interval(secs => case when kind = 'talked' then (data ->> 'seconds')::float else 0 end)
                        as began
                from call_events
                where call_id = ordered.call_id and kind in ('talking', 'talked')
            ) as talked
            where talked.at >= ordered.at
                and talked.data ->> 'name' <> ''
                and talked.began <= coalesce((
                    select max(told.at)
                    from call_events as told
                    where told.call_id = ordered.call_id
                        and told.kind = 'recording_ended'
                        and told.data ->> 'recording' = ordered.data ->> 'recording'
                ), 'infinity')
            group by 1
        ) as people
    ), '') as people
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

-- stated --
-- Names that callers stated in calls that ended before $1, which nobody has looked at.
select stated.call_id, stated.at, stated.data
from call_events as stated
join calls on calls.id = stated.call_id
where stated.kind = 'name_stated'
    and calls.ended_at < $1
    and not exists (select from recordings where recordings.id::text = stated.data ->> 'recording')
order by stated.at
limit 50

-- calls_since --
-- Calls that began since $1.
select id
from calls
where started_at >= $1

-- settle --
-- What became of a recording.
insert into recordings (id, call_id, started_at, state, seconds, consent, people, pauses, keep_until, sha256, kind)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10, $11)
on conflict (id) do nothing

-- brought_in --
-- Which of the recordings $1 have been brought in, and are not erased or to be.
select id
from recordings
where id = any($1::uuid []) and state in ('kept', 'missing') and kind = 'conversation'

-- whole --
-- The recording $1 is brought in once more, as there was more of it: $2 seconds, with the digest $3.
update recordings
set state = 'kept', seconds = $2, sha256 = $3
where id = $1 and state in ('kept', 'missing')
returning id

-- overdue --
-- Mark kept recordings whose time is over at $1: by $2, because of $3.
update recordings
set state = 'erasing', erased_by = $2, erased_why = $3
where state = 'kept' and keep_until <= $1

-- erasing --
-- Mark the kept recording $1: by $2, because of $3. From now on nobody hears it, and it will be erased.
update recordings
set state = 'erasing', erased_by = $2, erased_why = $3
where id = $1 and state = 'kept'
returning id

-- being_erased --
-- What is marked, at most 100.
select id, kind
from recordings
where state = 'erasing'
order by id
limit 100

-- erased --
-- The files of the marked recording $1 are gone: only the fact is left, and its call's record tells it (event $2, at $3).
with gone as (
    update recordings
    set state = 'erased', people = '', sha256 = null
    where id = $1 and state = 'erasing'
    returning id, call_id, erased_by, erased_why
)

insert into call_events (event_id, call_id, at, kind, data)
select
    $2,
    call_id,
    $3,
    'recording_erased',
    jsonb_build_object('recording', id::text, 'who', erased_by, 'why', erased_why)
from gone
returning event_id

-- listed --
-- The newest recordings, at most $1.
select id, call_id, started_at, state, seconds, consent, people, keep_until, kind
from recordings
order by started_at desc
limit $1

-- one --
-- A recording whose id or whose call's id begins with $1.
select id, call_id, state, kind
from recordings
where id::text like $1 || '%' or call_id::text like $1 || '%'
limit 2

-- note --
-- An event of a call that a person at this machine caused.
insert into call_events (event_id, call_id, at, kind, data)
values ($1, $2, $3, $4, $5::text::jsonb)
