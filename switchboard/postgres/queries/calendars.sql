-- progress --
-- How far the calendar of resource $1 is read.
select token, read_at from calendar_progress where resource = $1

-- copies --
-- Ours in the calendar of resource $1.
select appointment, href, etag, revision, starts, ends from calendar_copies where resource = $1

-- etags --
-- Of all that is in the calendar of resource $1.
select href, etag from calendar_objects where resource = $1
union all
select href, etag from calendar_copies where resource = $1

-- appointment --
-- One of ours, unless it is a hold or was erased.
select * from appointments where id = $1 and state <> 'held' and erased_at is null

-- to_write --
-- What is to be in the calendar of resource $1 after $2, and what is there and is to go.
select appointments.* from appointments
where state <> 'held' and erased_at is null and (
    ends > $2 and state <> 'cancelled' and $1 = any (resources)
    or exists (
        select from calendar_copies copy where copy.resource = $1 and copy.appointment = appointments.id
            and (state = 'cancelled' or $1 <> all (resources)) and ends > $2 - interval '1 day'
    )
)
order by starts

-- keep_copy --
-- What both agree on.
insert into calendar_copies (resource, appointment, href, etag, revision, starts, ends)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (resource, appointment) do update set
    href = excluded.href, etag = excluded.etag, revision = excluded.revision, starts = excluded.starts,
    ends = excluded.ends

-- drop_copy --
-- It is not in that calendar any more.
delete from calendar_copies where resource = $1 and appointment = $2

-- keep_object --
-- Somebody else's object: resource $1, href $2, etag $3, problem $4.
insert into calendar_objects (resource, href, etag, problem) values ($1, $2, $3, $4)
on conflict (resource, href) do update set etag = excluded.etag, problem = excluded.problem

-- free_object --
-- It blocks nothing, for now.
delete from outside_busy where resource = $1 and href = any ($2::text[])

-- block --
-- What an object blocks: resource $1, href $2, uid $3, from each of $4 to each of $5.
insert into outside_busy (resource, href, uid, blocked)
select $1, $2, $3, tstzrange(begins, ends) from unnest($4::timestamptz[], $5::timestamptz[]) spans (begins, ends)

-- drop_objects --
-- They are gone.
delete from calendar_objects where resource = $1 and href = any ($2::text[])

-- refused --
-- A mail to the person of resource $2: key $1, appointment $3.
insert into outbox (kind, idempotency_key, payload)
select 'email', left($1, 150), jsonb_build_object(
    'what', 'appointment_put_back', 'appointment', $3::uuid, 'resource', $2::text, 'revision', revision
)
from appointments where id = $3
on conflict do nothing

-- note --
-- How it went: token $2, read_at $3, problem $4, at $5; tokens stay where $6 is false.
insert into calendar_progress (resource, token, read_at, problem, asked_at) values ($1, $2, $3, $4, $5)
on conflict (resource) do update set
    token = case when $6 then excluded.token else calendar_progress.token end,
    read_at = case when $6 then excluded.read_at else calendar_progress.read_at end,
    problem = excluded.problem, asked_at = excluded.asked_at

-- forget_others --
-- Calendars of resources other than $1 are not kept in step any more: they block nothing.
with gone as (
    delete from outside_busy where resource <> all ($1::text[]) returning resource
), objects as (
    delete from calendar_objects where resource <> all ($1::text[])
), copies as (
    delete from calendar_copies where resource <> all ($1::text[])
)
delete from calendar_progress where resource <> all ($1::text[])

-- unread --
-- Objects that could not be read.
select resource, href, problem from calendar_objects where problem <> '' order by resource, href limit 20
