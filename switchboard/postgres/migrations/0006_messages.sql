-- Messages with all that belongs to them: audio, who answers for them, who did what, and what is to be sent because of them.

alter table messages
    add column kind text not null default 'safety_net' check (kind in ('voicemail', 'message', 'safety_net')),
    add column caller_number text not null default '',
    add column caller_name text not null default '',
    add column client_code text,
    add column client_name text,
    add column person text check (person ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    add column department text check (department ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    add column language text,
    add column urgent boolean not null default false,
    add column level double precision,
    add column call_back text not null default '' check (call_back in ('', 'soon', 'morning', 'afternoon', 'no')),
    add column parts jsonb not null default '[]' check (jsonb_typeof(parts) = 'array'),
    add column owner text check (owner ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    add column deadline timestamptz,
    add column escalated_at timestamptz,
    add column transcript text check (length(transcript) <= 20000),
    add column transcript_confidence double precision check (transcript_confidence between 0 and 1),
    add column transcript_by text check (transcript_by in ('machine', 'person')),
    add column saved_at timestamptz not null default now(),
    add column filed_at timestamptz,
    add column erased_at timestamptz,
    add constraint message_for_one check (person is null or department is null),
    add constraint transcript_has_a_writer check ((transcript is null) = (transcript_by is null));

alter table messages drop constraint messages_state_check;
update messages set state = 'done' where state = 'deleted';
alter table messages add constraint messages_state_check check (state in ('new', 'heard', 'in_hand', 'done'));

comment on table messages is
    'One row a message, ever: its id is the name it was recorded under. `file` lies in the folder of kept messages.';
comment on column messages.parts is
    'What was asked beside it, as [{part, message_id, seconds, sha256}]; part is who or about.';
comment on column messages.call_back is 'When the caller wants to be called back; empty: was not asked, or did not say.';
comment on column messages.deadline is 'By when a department''s message must have an owner.';
comment on column messages.filed_at is 'Since when its audio is in message_audio.';

create index messages_of_a_person on messages (person, recorded_at desc) where person is not null;
create index messages_of_a_department on messages (department, recorded_at desc) where department is not null;
create index messages_without_owner on messages (deadline) where owner is null and escalated_at is null;
create index messages_not_filed on messages (recorded_at) where filed_at is null and erased_at is null;
create index messages_of_a_caller on messages (caller_number, recorded_at desc);

create table message_audio (
    message_id uuid not null references messages on delete cascade,
    part text not null check (part in ('body', 'who', 'about', 'introduction')),
    content bytea not null,
    sha256 text not null check (sha256 = encode(sha256(content), 'hex')),
    media_type text not null default 'audio/wav',
    seconds double precision not null check (seconds >= 0),
    primary key (message_id, part)
);

-- What is compressed already is only slowed down by compressing it again.
alter table message_audio alter column content set storage external;

comment on table message_audio is 'What was said, as WAV files: G.711 where that loses nothing, else 16 bits.';

create table message_events (
    id uuid primary key,
    message_id uuid not null,
    at timestamptz not null default now(),
    who text not null check (who <> '' and length(who) <= 200),
    what text not null check (
        what in (
            'saved', 'heard', 'assigned', 'taken', 'released', 'done', 'reopened', 'forwarded', 'called_back',
            'exported', 'escalated', 'transcribed', 'sent', 'erased'
        )
    ),
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object')
);

comment on table message_events is 'Who did what to a message, and who heard it: append-only. Nothing in it tells what was said.';

create index message_events_of_a_message on message_events (message_id, at);

create trigger message_events_are_append_only before update or delete or truncate on message_events
    for each statement execute function refuse_to_rewrite_history();

create table outbox (
    id bigint generated always as identity primary key,
    message_id uuid references messages on delete cascade,
    kind text not null check (kind in ('email', 'webhook', 'light', 'console')),
    idempotency_key text not null unique check (length(idempotency_key) <= 200),
    payload jsonb not null default '{}' check (jsonb_typeof(payload) = 'object'),
    created_at timestamptz not null default now(),
    attempts integer not null default 0 check (attempts >= 0),
    next_at timestamptz not null default now(),
    done_at timestamptz,
    error text
);

comment on table outbox is
    'What is to be sent, each thing once: whoever sends takes rows `for update skip locked`, and tries again at next_at.';

create index outbox_to_do on outbox (kind, next_at) where done_at is null;

create trigger messages_changed after insert or update or delete on messages
    for each statement execute function tell_listeners('messages');
create trigger outbox_grew after insert on outbox
    for each statement execute function tell_listeners('outbox');

create view callers_unreached as
select
    call.id as call_id,
    call.started_at,
    call.number,
    call.caller_number,
    call.caller_name,
    message.id as message_id,
    coalesce(message.person, message.owner) as person,
    message.department,
    rang.extension,
    later.id as reached_by,
    later.started_at as reached_at
from calls as call
left join lateral (
    select id, person, owner, department from messages
    where call_id = call.id order by recorded_at desc limit 1
) as message on true
left join lateral (
    select data ->> 'extension' as extension from call_events
    where call_id = call.id and kind = 'ringing' order by at desc limit 1
) as rang on true
left join lateral (
    select id, started_at from calls
    where caller_number = call.caller_number and started_at > call.started_at and disposition = 'talked'
    order by started_at limit 1
) as later on true
where call.caller_number <> ''
    and call.disposition in ('abandoned', 'message', 'failed');

comment on view callers_unreached is
    'Calls in which the caller talked to nobody, and whom they were for; reached_by is the later call in which they did.';
