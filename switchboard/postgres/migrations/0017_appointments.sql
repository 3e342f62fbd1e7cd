-- Appointments: what is held and booked, and what became of it. No time of a resource is ever given away twice.

create extension if not exists btree_gist;

create table appointments (
    id uuid primary key,
    reference text not null check (reference ~ '^[0-9]{6}$'),
    event_type text not null check (event_type ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    starts timestamptz not null,
    ends timestamptz not null check (ends > starts),
    resources text[] not null check (cardinality(resources) between 1 and 20),
    blocked tstzrange not null check (blocked @> tstzrange(starts, ends)),
    state text not null check (state in ('held', 'booked', 'confirmed', 'cancelled')),
    held_until timestamptz,
    moves uuid references appointments,
    number text not null check (number = '' or number ~ '^\+[1-9][0-9]{6,14}$'),
    name text not null check (length(name) <= 500),
    language text check (length(language) <= 10),
    email text not null check (length(email) <= 320),
    note text not null check (length(note) <= 2000),
    revision integer not null default 0 check (revision >= 0),
    key text not null default '' check (length(key) <= 500),
    made_at timestamptz not null,
    changed_at timestamptz not null,
    erased_at timestamptz,
    check ((state = 'held') = (held_until is not null)),
    check (moves is null or state = 'held'),
    constraint references_to_come_are_unique
        exclude using gist (reference with =, tstzrange(least(made_at, starts), ends) with &&)
        where (state <> 'cancelled')
);

comment on table appointments is
    'One row an appointment, ever; a hold is a row that goes away unless it is booked. Changed by the functions below.';
comment on column appointments.resources is 'One for each need of the event type, in their order.';
comment on column appointments.blocked is 'What its resources are taken for: from its beginning to its end, with buffers.';
comment on column appointments.moves is 'Of a hold: the appointment that is to be moved there.';
comment on column appointments.key is 'Which request made it; the same request again makes no other.';

create unique index appointments_held_by_key on appointments (key) where state = 'held' and key <> '';
create index appointments_by_key on appointments (key) where key <> '';
create index appointments_by_time on appointments (starts, id);
create index appointments_of_a_number on appointments (number, ends) where number <> '';
create index appointments_by_type on appointments (event_type, starts) where state <> 'cancelled';
create index appointments_held on appointments (held_until) where state = 'held';
create index appointments_moved_by_holds on appointments (moves) where moves is not null;

create table appointment_resources (
    appointment uuid not null references appointments on delete cascade,
    resource text not null check (resource ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    seat integer not null check (seat > 0),
    blocked tstzrange not null check (not isempty(blocked)),
    claimant uuid not null,
    primary key (appointment, resource),
    constraint no_time_is_given_twice
        exclude using gist (resource with =, seat with =, blocked with &&, claimant with <>)
);

comment on table appointment_resources is
    'What is taken, by holds and by appointments that stand. Of a resource of capacity 3 there are the seats 1, 2 and 3.';
comment on column appointment_resources.claimant is
    'Whoever it is taken for does not stand in their own way: an appointment, and the holds that it may be moved to.';

create index appointment_resources_by_time on appointment_resources using gist (resource, blocked);

create table outside_busy (
    resource text not null check (resource ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    href text not null check (length(href) between 1 and 2000),
    uid text not null check (length(uid) <= 2000),
    blocked tstzrange not null check (not isempty(blocked))
);

comment on table outside_busy is
    'What resources'' own calendars elsewhere have; it takes all of their capacity. One row for each time of an object.';

create index outside_busy_by_time on outside_busy using gist (resource, blocked);
create index outside_busy_of_an_object on outside_busy (resource, href);

create table appointment_events (
    id bigint generated always as identity primary key,
    appointment uuid not null,
    at timestamptz not null,
    what text not null check (what in ('booked', 'moved', 'cancelled', 'confirmed', 'erased')),
    who text not null check (who <> '' and length(who) <= 500),
    why text not null check (length(why) <= 500),
    call_id uuid,
    key text not null check (length(key) <= 500),
    hold uuid,
    starts timestamptz not null,
    ends timestamptz not null,
    resources text[] not null,
    freed tstzrange,
    freed_resources text[],
    check ((freed is null) = (freed_resources is null))
);

comment on table appointment_events is 'Who did what to an appointment, and why: append-only.';
comment on column appointment_events.hold is 'Of a move: the hold it was made of.';
comment on column appointment_events.freed is 'The time, without buffers, that became free by it: of freed_resources.';

create index appointment_events_of_one on appointment_events (appointment, id);
create index appointment_events_of_a_hold on appointment_events (hold) where hold is not null;

create table appointment_wishes (
    id uuid primary key,
    event_type text not null check (event_type ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    number text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
    name text not null check (length(name) <= 500),
    language text check (length(language) <= 10),
    email text not null check (length(email) <= 320),
    note text not null check (length(note) <= 2000),
    since timestamptz not null,
    until timestamptz not null,
    resource text not null check (resource = '' or resource ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    appointment uuid references appointments,
    unique (event_type, number)
);

comment on table appointment_wishes is 'The waitlist: who wants to be called when a time becomes free.';

create index appointment_wishes_in_turn on appointment_wishes (event_type, since);

create function refuse_to_rewrite_appointment_history() returns trigger language plpgsql as $$
begin
    old.who := new.who;
    old.why := '';
    old.call_id := null;
    if new is distinct from old then
        raise exception '% is append-only, but for people who are erased', tg_table_name;
    end if;
    return new;
end
$$;

create trigger appointment_events_are_append_only before delete or truncate on appointment_events
    for each statement execute function refuse_to_rewrite_history();
create trigger appointment_events_are_not_rewritten before update on appointment_events
    for each row execute function refuse_to_rewrite_appointment_history();

-- Holds come and go by the second, and nobody but their caller cares.
create trigger appointments_changed after insert or update on appointments
    for each row when (new.state <> 'held') execute function tell_listeners('appointments');
create trigger outside_busy_changed after insert or update or delete or truncate on outside_busy
    for each statement execute function tell_listeners('outside_busy');
create trigger appointment_wishes_changed after insert or update or delete or truncate on appointment_wishes
    for each statement execute function tell_listeners('appointment_wishes');

-- Whoever changes appointments waits for locks in this order and in no other, so that nobody waits in a circle:
--   1. the request's key  2. rows of `appointments`, a hold before what it moves
--   3. the event type, if it has a limit per day  4. its resources, in the order of their locks' numbers
-- Rows of appointment_resources are touched by who has their resources' locks.

create function lock_for_appointments(resources text[], limited text default null) returns void language plpgsql as $$
declare
    number integer;
begin
    if limited is not null then
        perform pg_advisory_xact_lock(1095782485, hashtext(limited));
    end if;
    for number in select distinct hashtext(each) from unnest(resources) each order by 1 loop
        perform pg_advisory_xact_lock(1095782484, number);
    end loop;
end
$$;

comment on function lock_for_appointments is 'Let nobody else give away these resources until the transaction ends.';

create function appointment_has_room(
    resources text[], capacities integer[], span tstzrange, claimed_by uuid, at timestamptz
) returns boolean language sql stable as $$
    select not exists (
        select from unnest(resources, capacities) need (resource, capacity)
        where exists (
            select from outside_busy outside where outside.resource = need.resource and outside.blocked && span
        ) or need.capacity <= (
            with taken as (
                select claim.claimant, claim.blocked
                from appointment_resources claim join appointments whose on whose.id = claim.appointment
                where claim.resource = need.resource and claim.blocked && span and claim.claimant <> claimed_by
                    and (whose.held_until is null or whose.held_until > at)
            ), moments as (
                select lower(span) as moment union select lower(blocked) from taken where lower(blocked) > lower(span)
            )
            select coalesce(max(used.count), 0)
            from moments cross join lateral (
                select count(distinct claimant) as count from taken where blocked @> moment
            ) used
        )
    )
$$;

comment on function appointment_has_room is
    'Whether at no moment of a time more is taken of each resource than it has, by others and by what is outside.';

create function seat_appointment(
    wanted uuid, resource_ text, capacity integer, span tstzrange, claimed_by uuid
) returns void language plpgsql as $$
declare
    every tstzrange := span;
    wider tstzrange;
    most integer;
    each record;
begin
    for candidate in 1 .. capacity loop
        insert into appointment_resources (appointment, resource, seat, blocked, claimant)
        values (wanted, resource_, candidate, span, claimed_by)
        on conflict do nothing;
        if found then
            return;
        end if;
    end loop;
    -- There is room at each moment but no seat for all of the time: all that hangs together is seated anew, in order.
    insert into appointment_resources (appointment, resource, seat, blocked, claimant)
    select wanted, resource_, 1000000 + coalesce(max(seat), 0), span, claimed_by
    from appointment_resources where resource = resource_;
    loop
        select range_merge(range_agg(blocked) + tstzmultirange(every)) into wider
        from appointment_resources where resource = resource_ and blocked && every;
        exit when wider = every;
        every := wider;
    end loop;
    update appointment_resources set seat = seat + 10000000 where resource = resource_ and blocked && every;
    get diagnostics most = row_count;
    for each in
        select * from appointment_resources
        where resource = resource_ and blocked && every order by lower(blocked), claimant, appointment
    loop
        update appointment_resources set seat = (
            select min(number) from generate_series(1, most) number where not exists (
                select from appointment_resources other
                where other.resource = resource_ and other.seat = number and other.blocked && each.blocked
                    and other.claimant <> each.claimant
            )
        ) where appointment = each.appointment and resource = resource_;
    end loop;
end
$$;

comment on function seat_appointment is 'Take one of a resource, which has room; whoever is in the way of that is seated anew.';

create function claim_appointment(
    wanted uuid, resources_ text[], capacities integer[], span tstzrange, claimed_by uuid, at timestamptz,
    type text, day tstzrange, per_day integer
) returns boolean language plpgsql as $$
declare
    each record;
begin
    if per_day > 0 and per_day <= (
        select count(*) from appointments other
        where other.event_type = type and other.starts <@ day and other.state <> 'cancelled'
            and (other.held_until is null or other.held_until > at)
            and other.id not in (wanted, claimed_by) and other.moves is distinct from claimed_by
    ) or not appointment_has_room(resources_, capacities, span, claimed_by, at) then
        return false;
    end if;
    delete from appointment_resources claim using appointments whose
    where whose.id = claim.appointment and whose.held_until <= at
        and claim.resource = any (resources_) and claim.blocked && span;
    for each in select * from unnest(resources_, capacities) need (resource, capacity) loop
        perform seat_appointment(wanted, each.resource, each.capacity, span, claimed_by);
    end loop;
    return true;
end
$$;

comment on function claim_appointment is
    'Take a time of each resource, from holds that have expired too. False if there is no room. The locks are had.';

create function hold_appointment(
    identifier uuid, candidates text[], type text, starts_ timestamptz, ends_ timestamptz, resources_ text[],
    capacities integer[], span tstzrange, day tstzrange, per_day integer, until timestamptz, moves_ uuid,
    number_ text, name_ text, language_ text, email_ text, note_ text, key_ text, at timestamptz
) returns setof appointments language plpgsql as $$
declare
    former appointments;
    claimed_by uuid := coalesce(moves_, identifier);
    candidate text;
begin
    -- A hold that is lost with the server's power is made again: `book_appointment` waits for the disk, this does not.
    perform set_config('synchronous_commit', 'off', true);
    if key_ <> '' then
        perform pg_advisory_xact_lock(1095782486, hashtext(key_));
        select * into former from appointments mine where mine.key = key_ and mine.state <> 'cancelled'
        order by mine.state = 'held' desc, mine.starts = starts_ desc, mine.made_at desc limit 1 for no key update;
        if former.state in ('booked', 'confirmed')
            and (former.event_type, former.starts, former.ends, former.resources) = (type, starts_, ends_, resources_)
        then
            return next former;
            return;
        elsif former.state is distinct from 'held' then
            former := null;
        end if;
    end if;
    if former.id is null
        and per_day = 0 and not appointment_has_room(resources_, capacities, span, claimed_by, at) then
        return;  -- most who come too late need no lock to learn it
    end if;
    if moves_ is not null then
        perform from appointments target where target.id = moves_ and target.state in ('booked', 'confirmed');
        if not found then
            return;
        end if;
    end if;
    perform lock_for_appointments(resources_ || former.resources, case when per_day > 0 then type end);
    if former.id is not null then
        if (former.event_type, former.starts, former.ends, former.resources) = (type, starts_, ends_, resources_)
            and former.moves is not distinct from moves_ and (former.held_until > at) and cardinality(resources_) = (
                select count(*) from appointment_resources claim where claim.appointment = former.id
            )
        then
            return query update appointments mine set held_until = greatest(mine.held_until, until), changed_at = at
                where mine.id = former.id returning mine.*;
            return;
        end if;
        delete from appointments mine where mine.id = former.id;
    end if;
    if per_day = 0 and not appointment_has_room(resources_, capacities, span, claimed_by, at) then
        return;
    end if;
    foreach candidate in array candidates loop
        insert into appointments (
            id, reference, event_type, starts, ends, resources, blocked, state, held_until, moves,
            number, name, language, email, note, key, made_at, changed_at
        ) values (
            identifier, candidate, type, starts_, ends_, resources_, span, 'held', until, moves_,
            number_, name_, language_, email_, note_, key_, at, at
        ) on conflict do nothing;
        exit when found;
    end loop;
    if not found then
        raise exception 'no reference is free: of % none', cardinality(candidates) using errcode = 'program_limit_exceeded';
    end if;
    if not claim_appointment(identifier, resources_, capacities, span, claimed_by, at, type, day, per_day) then
        delete from appointments mine where mine.id = identifier;
        return;
    end if;
    return query select * from appointments mine where mine.id = identifier;
end
$$;

comment on function hold_appointment is
    'Hold a time; no row if it is taken. The same key again: the same hold, or in its place one of another time.';

create function book_appointment(
    hold_ uuid, capacities jsonb, limits jsonb, day tstzrange, candidates text[],
    number_ text, name_ text, language_ text, email_ text, note_ text,
    who_ text, why_ text, call_ uuid, key_ text, at timestamptz
) returns setof appointments language plpgsql as $$
declare
    held appointments;
    target appointments;
    whole boolean;
    per_day integer;
    references_ text[];
    candidate text;
begin
    select * into held from appointments mine where mine.id = hold_ for no key update;
    if held.id is null then  -- moved already, if that was what the hold was for
        return query select mine.* from appointments mine join appointment_events event on event.appointment = mine.id
            where event.hold = hold_ and mine.state in ('booked', 'confirmed') limit 1;
        return;
    elsif held.state <> 'held' then
        if held.state <> 'cancelled' then
            return next held;
        end if;
        return;
    end if;
    if held.moves is not null then
        select * into target from appointments mine where mine.id = held.moves for no key update;
        if target.state not in ('booked', 'confirmed') then
            return;
        end if;
    end if;
    per_day := coalesce((limits ->> held.event_type)::integer, 0);
    perform lock_for_appointments(held.resources || target.resources, case when per_day > 0 then held.event_type end);
    whole := cardinality(held.resources) = (
        select count(*) from appointment_resources claim where claim.appointment = hold_
    );
    if not whole then  -- it had expired and another took its place, or a part of it
        delete from appointment_resources claim where claim.appointment = hold_;
        if not claim_appointment(
            hold_, held.resources,
            (select array_agg(coalesce((capacities ->> each)::integer, 1) order by place)
                from unnest(held.resources) with ordinality need (each, place)),
            held.blocked, coalesce(held.moves, hold_), at, held.event_type, day, per_day
        ) then
            return;
        end if;
    end if;
    if held.moves is null then
        update appointments set state = 'booked', held_until = null, changed_at = at, number = number_, name = name_,
            language = language_, email = email_, note = note_
        where id = hold_;
        insert into appointment_events (appointment, at, what, who, why, call_id, key, starts, ends, resources)
        values (hold_, at, 'booked', who_, why_, call_, key_, held.starts, held.ends, held.resources);
        return query select * from appointments mine where mine.id = hold_;
        return;
    end if;
    delete from appointment_resources claim where claim.appointment = target.id;
    update appointment_resources set appointment = target.id where appointment = hold_;
    delete from appointments mine where mine.id = hold_;
    if (held.starts, held.ends, held.resources) = (target.starts, target.ends, target.resources) then
        return next target;
        return;
    end if;
    references_ := target.reference || candidates;
    foreach candidate in array references_ loop  -- its own, unless another has that by the time it now ends
        begin
            update appointments set reference = candidate, state = 'booked', starts = held.starts, ends = held.ends,
                resources = held.resources, blocked = held.blocked, event_type = held.event_type,
                revision = revision + 1, changed_at = at
            where id = target.id;
            exit;
        exception when exclusion_violation then
            null;
        end;
    end loop;
    insert into appointment_events (
        appointment, at, what, who, why, call_id, key, hold, starts, ends, resources, freed, freed_resources
    ) values (
        target.id, at, 'moved', who_, why_, call_, key_, hold_, held.starts, held.ends, held.resources,
        tstzrange(target.starts, target.ends), target.resources
    );
    return query select * from appointments mine where mine.id = target.id;
end
$$;

comment on function book_appointment is
    'Make a booking of a hold, or move what the hold is for; no row if its time was taken. Asked twice, done once.';

create function release_appointment(hold_ uuid, expired_before timestamptz default null) returns boolean
language plpgsql as $$
declare
    held appointments;
begin
    select * into held from appointments mine where mine.id = hold_ and mine.state = 'held'
        and (expired_before is null or mine.held_until < expired_before) for no key update;
    if held.id is null then
        return false;
    end if;
    perform lock_for_appointments(held.resources);
    delete from appointments mine where mine.id = hold_;
    return true;
end
$$;

comment on function release_appointment is 'Let a hold go; one that expired before then, where that is said.';

create function cancel_appointment(
    identifier uuid, who_ text, why_ text, call_ uuid, key_ text, at timestamptz
) returns setof appointments language plpgsql as $$
declare
    found_ appointments;
begin
    select * into found_ from appointments mine where mine.id = identifier and mine.state <> 'held' for no key update;
    if found_.state in ('booked', 'confirmed') then
        perform lock_for_appointments(found_.resources);
        delete from appointment_resources claim where claim.appointment = identifier;
        update appointments mine set state = 'cancelled', revision = mine.revision + 1, changed_at = at
        where mine.id = identifier returning mine.* into found_;
        insert into appointment_events (
            appointment, at, what, who, why, call_id, key, starts, ends, resources, freed, freed_resources
        ) values (
            identifier, at, 'cancelled', who_, why_, call_, key_, found_.starts, found_.ends, found_.resources,
            tstzrange(found_.starts, found_.ends), found_.resources
        );
    end if;
    if found_.id is not null then
        return next found_;
    end if;
end
$$;

comment on function cancel_appointment is 'Cancel what stands; how it is then. Asked twice, done once. No row for a hold.';
