-- What people say of themselves, and when they are not at work.

create table presence (
    person text primary key check (person ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    status text not null check (status in ('available', 'busy', 'do_not_disturb', 'away')),
    set_at timestamptz not null,
    until timestamptz,
    by text not null check (length(by) <= 500)
);

comment on table presence is 'What each person set last. It ends by itself at `until`; the controller has a copy in memory.';

create table absences (
    id uuid primary key,
    person text not null check (person ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    begins timestamptz not null,
    ends timestamptz not null check (ends > begins),
    because text not null check (length(because) <= 500),
    by text not null check (length(by) <= 500),
    noted_at timestamptz not null default now()
);

comment on table absences is 'Absences beside those of people.yaml; `ends` is the first instant after it.';

create trigger presence_changed after insert or update or delete or truncate on presence
    for each statement execute function tell_listeners('presence');
create trigger absences_changed after insert or update or delete or truncate on absences
    for each statement execute function tell_listeners('absences');
