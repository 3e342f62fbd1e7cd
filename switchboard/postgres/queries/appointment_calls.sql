-- coming --
-- What stands and begins between $1 and $2, and when it was booked or moved there.
select appointments.*, coalesce(event.at, made_at) as since from appointments
left join lateral (
    select at from appointment_events where appointment = appointments.id and what in ('booked', 'moved')
    order by id desc limit 1
) event on true
where state in ('booked', 'confirmed') and starts > $1 and starts < $2 and erased_at is null

-- plan --
-- Reminders that are not known yet.
insert into appointment_reminders (key, appointment, starts, before, way, next_at, latest, state)
select each.key, each.appointment, each.starts, each.before, each.way, each.next_at, each.latest, 'waiting'
from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::interval[], $5::text[], $6::timestamptz[], $7::timestamptz[])
    each (key, appointment, starts, before, way, next_at, latest)
on conflict (key) do nothing

-- drop --
-- Those that nobody needs any more at $1.
update appointment_reminders reminder set state = 'dropped' from appointments
where reminder.state = 'waiting' and appointments.id = reminder.appointment and (
    appointments.state not in ('booked', 'confirmed') or appointments.starts <> reminder.starts
    or reminder.latest < $1 or (reminder.way = 'call' and appointments.state = 'confirmed')
)

-- due --
-- Reminders whose time has come at $1.
select reminder.key, reminder.before, reminder.way, reminder.next_at, reminder.latest, reminder.state as reminder_state,
    reminder.attempts, reminder.last, appointments.*
from appointment_reminders reminder join appointments on appointments.id = reminder.appointment
where reminder.state = 'waiting' and reminder.next_at <= $1 and appointments.erased_at is null
order by reminder.next_at limit 100

-- begun --
-- Calls that were under way.
select reminder.key, reminder.before, reminder.way, reminder.next_at, reminder.latest, reminder.state as reminder_state,
    reminder.attempts, reminder.last, appointments.*, reminder.starts as reminder_starts
from appointment_reminders reminder join appointments on appointments.id = reminder.appointment
where reminder.state in ('dialling', 'answered')

-- send --
-- A reminder ($1) by mail or text: into the outbox as $2, about what revision.
with done as (
    update appointment_reminders set state = 'done' where key = $1 and state = 'waiting' returning appointment
)
insert into outbox (kind, idempotency_key, payload)
select $2, $1, jsonb_build_object(
    'what', 'appointment_reminder', 'appointment', done.appointment, 'revision', appointments.revision
)
from done join appointments on appointments.id = done.appointment
on conflict do nothing
returning id

-- note --
-- How reminder $1 stands: state $2, attempts $3, last $4, next_at $5; unless it is no more as it was: $6, $7.
update appointment_reminders set state = $2, attempts = $3, last = $4, next_at = $5
where key = $1 and state = $6 and attempts = $7
returning key

-- settle_past --
-- What has begun by $1 is offered to nobody.
update freed_times set settled_at = now() where settled_at is null and starts <= $1

-- freed --
-- Times that became free and are still to come at $1.
select id, event_type, starts, ends, resources from freed_times where settled_at is null and starts > $1 order by id

-- waiting --
-- Who waits for such a time: event type $1, beginning $2, resources $3, now $4; before the one they have.
select wish.* from appointment_wishes wish
left join appointments theirs on theirs.id = wish.appointment
where wish.event_type = $1 and wish.until >= $2 and (wish.resource = '' or wish.resource = any ($3::text[]))
    and (theirs.id is null or theirs.state in ('booked', 'confirmed') and theirs.starts > $2)
    and not exists (select from waitlist_offers offer where offer.wish = wish.id and offer.starts = $2)
    and wish.since <= $4
order by wish.since, wish.id

-- offer --
-- Wish $1 is offered what begins at $2.
insert into waitlist_offers (wish, starts) values ($1, $2) on conflict do nothing returning wish

-- fulfilled --
-- They have one.
delete from appointment_wishes where id = $1

-- settled --
-- It is offered to nobody more.
update freed_times set settled_at = now() where id = $1 and settled_at is null
