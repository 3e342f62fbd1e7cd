-- listed --
-- The newest messages: for or of the person $1 (null: anybody's), for the department $2, in the states $3; at most $4.
select id, call_id, kind, recorded_at, seconds, caller_number, caller_name, client_code, client_name, person, department,
    language, urgent, call_back, state, owner, deadline, escalated_at, transcript, transcript_confidence, transcript_by,
    parts, filed_at, erased_at
from messages
where ($1::text is null or coalesce(owner, person) = $1)
    and ($2::text is null or department = $2)
    and state = any ($3::text[])
    and erased_at is null
order by recorded_at desc, id desc
limit $4

-- found --
-- Messages whose id begins with $1.
select id, call_id, kind, recorded_at, seconds, caller_number, caller_name, client_code, client_name, person, department,
    language, urgent, call_back, state, owner, deadline, escalated_at, transcript, transcript_confidence, transcript_by,
    parts, filed_at, erased_at
from messages
where id::text like $1 || '%'
limit 2

-- history --
-- Who did what to the message $1, oldest first.
select at, who, what, detail from message_events where message_id = $1 order by at, id

-- audio --
-- What was said in part $2 of the message $1.
select content from message_audio where message_id = $1 and part = $2

-- heard --
-- Somebody ($2) hears the message $1, in a way that $3 (JSON) tells.
with heard as (
    update messages set state = case state when 'new' then 'heard' else state end
    where id = $1 and erased_at is null returning id
)
insert into message_events (id, message_id, who, what, detail)
select gen_random_uuid(), id, $2, 'heard', $3::text::jsonb from heard returning id

-- noted --
-- $2 did $3 to each of the messages $1.
insert into message_events (id, message_id, who, what)
select gen_random_uuid(), id, $2, $3 from unnest($1::uuid[]) as id

-- assigned --
-- The message $1 is the person $2's, said by $3, if it is still $4's (null: nobody's). Of two at once, one wins.
with assigned as (
    update messages set owner = $2, state = case state when 'done' then 'done' else 'in_hand' end
    where id = $1 and owner is not distinct from $4 and erased_at is null
    returning id
)
insert into message_events (id, message_id, who, what, detail)
select gen_random_uuid(), id, $3, $5, jsonb_build_object('to', $2::text, 'before', $4::text) from assigned
returning id

-- done --
-- Nothing is left to do about the message $1, says $2.
with done as (
    update messages set state = 'done' where id = $1 and state <> 'done' and erased_at is null returning id
)
insert into message_events (id, message_id, who, what)
select gen_random_uuid(), id, $2, 'done' from done returning id

-- erased --
-- Nothing of what was said in the message $1 stays, nor who said it; that there was one does. Said by $2, because of $3.
with erased as (
    update messages set
        erased_at = now(), state = 'done', caller_number = '', caller_name = '', client_code = null,
        client_name = null, transcript = null, transcript_confidence = null, transcript_by = null, sha256 = null,
        parts = '[]', call_back = ''
    where id = $1 and erased_at is null
    returning id
),
audio as (delete from message_audio where message_id in (select id from erased)),
queued as (delete from outbox where message_id in (select id from erased)),
addresses as (
    update message_events set detail = detail - 'to' - 'told'
    where message_id in (select id from erased) and what in ('sent', 'undelivered')
)
insert into message_events (id, message_id, who, what, detail)
select gen_random_uuid(), id, $2, 'erased', jsonb_build_object('why', $3::text) from erased returning id

-- unreached --
-- Calls since $1 in which the caller talked to nobody and has not talked to anybody since; the newest first.
select call_id, started_at, number, caller_number, caller_name, message_id, person, department, extension
from callers_unreached
where reached_by is null and started_at >= $1
order by started_at desc
limit $2

-- expired --
-- Messages of the kind $1 that were recorded before $2, the oldest first; at most $3.
select id from messages where kind = $1 and recorded_at < $2 and erased_at is null order by recorded_at limit $3

-- forget_sent --
-- What was sent, or came to nothing, before $1.
delete from outbox where done_at < $1 returning id

-- forget_tries --
-- PINs that were tried before $1, and from where.
delete from mailbox_tries where at < $1
