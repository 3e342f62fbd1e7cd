-- Recorded conversations: what is kept, of whom, until when.

create table recordings (
    id uuid primary key,
    call_id uuid not null,
    started_at timestamptz not null,
    state text not null check (state in ('kept', 'missing', 'erased')),
    seconds double precision not null default 0 check (seconds >= 0),
    consent text not null,
    people text not null default '',
    pauses jsonb not null default '[]',
    keep_until timestamptz not null,
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$')
);

comment on table recordings is 'Of an erased recording the row keeps the fact; who erased it, and why, is an event of its call.';

create index recordings_kept on recordings (keep_until) where state = 'kept';
create index call_events_of_recordings on call_events (at) where kind = 'recording_ordered';
