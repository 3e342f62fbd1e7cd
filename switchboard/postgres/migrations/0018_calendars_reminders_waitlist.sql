-- What becomes of appointments beside calls: told by mail and webhook, in calendars elsewhere, reminded of, offered anew.

create function tell_of_appointment() returns trigger language plpgsql as $$
begin
    if new.what in ('booked', 'moved', 'cancelled') then
        insert into outbox (kind, idempotency_key, payload)
        select kind, 'appointment:' || new.id || ':' || kind, jsonb_build_object(
            'what', 'appointment_' || new.what, 'appointment', new.appointment,
            'revision', (select revision from appointments where id = new.appointment)
        )
        from unnest(array['email', 'webhook']) kinds (kind)
        on conflict do nothing;
    end if;
    return null;
end
$$;

create trigger appointment_events_are_told after insert on appointment_events
    for each row execute function tell_of_appointment();

create table calendar_progress (
    resource text primary key check (resource ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    token text not null default '' check (length(token) <= 4000),
    read_at timestamptz,
    asked_at timestamptz not null,
    problem text not null default '' check (length(problem) <= 1000)
);

comment on table calendar_progress is
    'Of each calendar on another server: the server''s token for what changes next, when all of it was read, what is wrong.';

create table calendar_copies (
    resource text not null check (resource ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    appointment uuid not null references appointments on delete cascade,
    href text not null check (length(href) between 1 and 2000),
    etag text not null check (length(etag) <= 1000),
    revision integer not null,
    starts timestamptz not null,
    ends timestamptz not null,
    primary key (resource, appointment)
);

comment on table calendar_copies is 'Appointments of ours in calendars elsewhere, as they were when both agreed last.';

create table calendar_objects (
    resource text not null check (resource ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    href text not null check (length(href) between 1 and 2000),
    etag text not null check (length(etag) <= 1000),
    problem text not null default '' check (length(problem) <= 1000),
    primary key (resource, href)
);

comment on table calendar_objects is
    'What else is in calendars elsewhere. Nothing is kept of it but the times in outside_busy, and why it was not read.';

create table appointment_reminders (
    key text primary key check (length(key) <= 200),
    appointment uuid not null references appointments on delete cascade,
    starts timestamptz not null,
    before interval not null check (before > interval '0'),
    way text not null check (way in ('call', 'mail', 'sms')),
    next_at timestamptz not null,
    latest timestamptz not null,
    state text not null check (state in ('waiting', 'dialling', 'answered', 'done', 'given_up', 'dropped')),
    attempts integer not null default 0 check (attempts >= 0),
    last text not null default '' check (length(last) <= 500)
);

comment on table appointment_reminders is
    'Each reminder once: its state is noted before what follows is done (domain/reminding.py has the states).';

create index appointment_reminders_due on appointment_reminders (next_at) where state = 'waiting';
create index appointment_reminders_of_one on appointment_reminders (appointment);

create table freed_times (
    id bigint generated always as identity primary key,
    event_type text not null,
    starts timestamptz not null,
    ends timestamptz not null,
    resources text[] not null,
    at timestamptz not null default now(),
    settled_at timestamptz
);

comment on table freed_times is 'What became free while somebody waited for such a time, until it is offered to nobody more.';

create index freed_times_to_offer on freed_times (id) where settled_at is null;

create table waitlist_offers (
    wish uuid not null references appointment_wishes on delete cascade,
    starts timestamptz not null,
    offered_at timestamptz not null default now(),
    primary key (wish, starts)
);

comment on table waitlist_offers is 'Who was called because of which time: nobody is called twice because of one.';

create function note_freed_time() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'appointment_events' then
        if new.freed is not null then
            insert into freed_times (event_type, starts, ends, resources)
            select event_type, lower(new.freed), upper(new.freed), new.freed_resources
            from appointments booked where booked.id = new.appointment and lower(new.freed) > now() and exists (
                select from appointment_wishes wish where wish.event_type = booked.event_type
            );
        end if;
        return null;
    end if;
    -- A hold that goes away and still had its time: no booking was made of it, and nobody else has it.
    insert into freed_times (event_type, starts, ends, resources)
    select old.event_type, old.starts, old.ends, old.resources
    where old.starts > now() and exists (
        select from appointment_wishes wish where wish.event_type = old.event_type
    ) and exists (
        select from appointment_resources claim where claim.appointment = old.id
    );
    return old;
end
$$;

create trigger appointment_events_free_times after insert on appointment_events
    for each row execute function note_freed_time();
create trigger holds_free_times before delete on appointments
    for each row when (old.state = 'held') execute function note_freed_time();

create table calendar_feeds (
    person text primary key check (person ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    token_hash bytea not null unique check (length(token_hash) = 32),
    made_at timestamptz not null default now()
);

comment on table calendar_feeds is 'Secret addresses at which people''s appointments can be subscribed to, as SHA-256.';
