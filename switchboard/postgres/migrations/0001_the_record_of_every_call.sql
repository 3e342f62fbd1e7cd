-- The ledger's events, the rows derived from them, and recorded messages.

create table call_events (
    event_id uuid primary key,
    call_id uuid not null,
    at timestamptz not null,
    kind text not null check (kind ~ '^[a-z_]{1,40}$'),
    data jsonb not null default '{}' check (jsonb_typeof(data) = 'object')
);

comment on table call_events is 'What happened to each call: append-only, drained from the controllers'' ledgers.';

create index call_events_of_a_call on call_events (call_id, at);

create table calls (
    id uuid primary key,
    state text check (state in ('offered', 'ringing', 'answered', 'talking', 'held', 'parked', 'ended')),
    started_at timestamptz not null,
    number text not null,
    caller_number text not null,
    caller_name text not null,
    answered_at timestamptz check (answered_at >= started_at),
    ended_at timestamptz check (ended_at >= started_at),
    language text,
    flow text,
    flow_version text,
    disposition text
        check (disposition in ('talked', 'message', 'served', 'abandoned', 'rejected', 'internal', 'failed')),
    hangup_cause smallint check (hangup_cause between 0 and 127),
    ended_by text,
    answered_extension text,
    answered_name text,
    talk_seconds double precision not null check (talk_seconds >= 0),
    last_step text,
    message_count integer not null check (message_count >= 0),
    safety_net text,
    linkedid text,
    irregularities text[] not null,
    constraint answered_before_ended check (answered_at <= ended_at),
    constraint ended_with_disposition check ((ended_at is null) = (disposition is null))
);

comment on table calls is 'One row a call, derived from call_events by domain/call_record.py; never written otherwise.';

create index calls_newest on calls (started_at desc, id desc);
create index calls_of_a_caller on calls (caller_number, started_at desc);
create index calls_in_progress on calls (started_at) where ended_at is null;

create table messages (
    id uuid primary key,
    call_id uuid not null,
    recorded_at timestamptz not null,
    seconds double precision not null check (seconds >= 0),
    file text not null,
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
    state text not null default 'new' check (state in ('new', 'heard', 'deleted'))
);

comment on table messages is 'Recorded messages; `file` is a name in the messages folder, derived from the id.';

create index messages_newest on messages (state, recorded_at desc);
create index messages_of_a_call on messages (call_id);
