-- Who was promised to be called back.

create table callbacks (
    id uuid primary key,
    queue text not null check (length(queue) <= 200),
    number text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
    asked_by text not null check (asked_by = '' or asked_by ~ '^\+[1-9][0-9]{6,14}$'),
    name text not null check (length(name) <= 500),
    called text not null check (length(called) <= 64),
    language text not null check (length(language) <= 10),
    call_id uuid not null,
    since timestamptz not null,
    priority integer not null,
    promised_at timestamptz not null,
    deadline timestamptz not null,
    not_before timestamptz not null,
    state text not null check (state in ('waiting', 'dialling', 'talked', 'called_in', 'cancelled', 'expired')),
    attempts integer not null check (attempts >= 0),
    last text not null check (length(last) <= 500),
    revision integer not null check (revision > 0),
    changed_at timestamptz
);

comment on table callbacks is 'How each callback stands: the last of the events of kind `callback` that tell of it.';

create index callbacks_open on callbacks (since) where state in ('waiting', 'dialling');
create index callbacks_changed on callbacks (changed_at);

create trigger callbacks_changed after insert or update or delete or truncate on callbacks
    for each statement execute function tell_listeners('callbacks');
