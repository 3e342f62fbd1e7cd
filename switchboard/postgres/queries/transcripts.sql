-- to_write_down --
-- The message that is written down next: an urgent one first, then the newest. Old ones are left as they are ($1).
select messages.id, coalesce(messages.language, '') as language, message_audio.seconds, message_audio.content
from messages join message_audio on message_audio.message_id = messages.id and message_audio.part = 'body'
where transcript is null and transcription_tried_at is null and erased_at is null and filed_at is not null
    and recorded_at > $1
order by urgent desc, recorded_at desc
limit 1

-- written_down --
-- What was said in message $1: $2, with the confidence $3, at $4; null where that failed, because of $5.
with tried as (
    update messages
    set transcription_tried_at = $4, transcript = $2, transcript_confidence = $3,
        transcript_by = case when $2::text is not null then 'machine' end
    where id = $1 and transcript is null and erased_at is null
    returning id
),
told as (select pg_notify('outbox', ''))
insert into message_events (id, message_id, at, who, what, detail)
select
    gen_random_uuid(), id, $4, 'machine', 'transcribed',
    case when $2::text is null then jsonb_build_object('failed', $5::text) else jsonb_build_object('confidence', $3::float8) end
from tried cross join told
