-- claim --
-- What of the kind $1 is due at $2, claimed until $3, at most $4. A new message's mail waits for its audio, for ten
-- minutes at most; where somebody writes down what is said ($5: seconds to wait for that; 0: nobody does), for that too.
with due as (
    select outbox.id
    from outbox left join messages on messages.id = outbox.message_id
    where outbox.kind = $1 and outbox.done_at is null and outbox.next_at <= $2
        and (
            outbox.kind <> 'email' or outbox.payload ? 'receiver' or messages.id is null or messages.erased_at is not null
            or outbox.created_at < $2 - interval '10 minutes'
            or (
                messages.filed_at is not null
                and (
                    $5::float8 = 0 or messages.urgent or messages.transcript is not null
                    or messages.transcription_tried_at is not null
                    or outbox.created_at < $2 - make_interval(secs => $5)
                )
            )
        )
    order by outbox.next_at, outbox.id
    limit $4
    for update of outbox skip locked
)
update outbox set attempts = attempts + 1, next_at = $3
from due where outbox.id = due.id
returning outbox.id, kind, idempotency_key, message_id, attempts, created_at, payload

-- address --
-- In place of notice $1, one for each of the keys $2 with the receivers $3; `receiver` is where it goes.
with gone as (
    update outbox
    set done_at = now(), outcome = case when cardinality($2::text[]) = 0 then 'nobody' else 'addressed' end, error = null
    where id = $1 and done_at is null
    returning message_id, kind, payload, created_at
)
insert into outbox (message_id, kind, idempotency_key, payload, created_at)
select message_id, kind, key, payload || jsonb_build_object('receiver', receiver), created_at
from gone cross join unnest($2::text[], $3::text[]) as receivers (key, receiver)
on conflict (idempotency_key) do nothing

-- settle --
-- What became of notice $1: $2 outcome, $3 what was told, $4 when to try again (null: never), $5 the id of the line of
-- history that a message gets when its notice is settled for good.
with settled as (
    update outbox
    set done_at = case when $4::timestamptz is null then now() end,
        outcome = case when $4::timestamptz is null then $2 end,
        error = nullif($3, ''),
        next_at = coalesce($4, next_at)
    where id = $1 and done_at is null
    returning message_id, kind, payload, done_at, attempts
)
insert into message_events (id, message_id, who, what, detail)
select
    $5, message_id, 'switchboard', case when $2 = 'sent' then 'sent' else 'undelivered' end,
    jsonb_build_object(
        'by', kind, 'to', payload ->> 'receiver', 'because', payload ->> 'what', 'outcome', $2::text, 'told', $3::text,
        'attempts', attempts
    )
from settled where done_at is not null and message_id is not null

-- message --
-- A message that was not erased.
select
    id, kind, recorded_at, seconds, caller_number, caller_name, client_name, client_code, person, department, owner,
    language, urgent, call_back, deadline, transcript, transcript_confidence, transcript_by
from messages where id = $1 and erased_at is null

-- appointment --
-- An appointment that was not erased.
select * from appointments where id = $1 and state <> 'held' and erased_at is null

-- sound --
-- What was said in message $1, the body first.
select part, content, media_type, seconds from message_audio where message_id = $1 order by part <> 'body', part

-- figures --
-- How sending goes: what waits and what came to nothing in the last week, with what was told last.
select
    count(*) filter (where done_at is null) as waiting,
    count(*) filter (where done_at is null and attempts > 0 and error is not null) as failing,
    min(created_at) filter (where done_at is null) as oldest,
    count(*) filter (where outcome in ('refused', 'given_up') and done_at > now() - interval '7 days') as undelivered,
    (array_agg(error order by next_at desc) filter (where done_at is null and error is not null))[1] as told
from outbox where kind in ('email', 'webhook') and (done_at is null or done_at > now() - interval '7 days')

-- entries --
-- What waits, and what came to nothing since $1, the newest first; at most $2.
select
    id, kind, message_id, payload ->> 'receiver' as receiver, payload ->> 'what' as what, created_at, attempts, next_at,
    done_at, outcome, error
from outbox
where kind in ('email', 'webhook')
    and (done_at is null or (outcome in ('refused', 'given_up') and done_at > $1))
order by created_at desc, id desc
limit $2

-- try_again --
-- Send notice $1 once more, now, as if it were new.
update outbox set done_at = null, outcome = null, attempts = 0, next_at = now(), created_at = now()
where id = $1 and kind in ('email', 'webhook') and payload ? 'receiver' and outcome is distinct from 'sent'
returning id
