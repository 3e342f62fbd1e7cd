-- busy --
-- What takes these resources between two instants: holds that stand, appointments, outside events.
select claim.resource, claim.blocked, mine.event_type, mine.starts, mine.id
from appointment_resources claim join appointments mine on mine.id = claim.appointment
where claim.resource = any ($1::text[]) and claim.blocked && tstzrange($2, $3)
    and (mine.held_until is null or mine.held_until > $4)
union all
select resource, blocked, '', null, null from outside_busy
where resource = any ($1::text[]) and blocked && tstzrange($2, $3)

-- hold --
-- Hold a time; no row if it is taken.
select * from hold_appointment(
    $1, $2, $3, $4, $5, $6, $7, tstzrange($8, $9), tstzrange($10, $11), $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
)

-- book --
-- Make a booking of a hold, or move what it is for.
select * from book_appointment(
    $1, $2::jsonb, $3::jsonb, tstzrange($4, $5), $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
)

-- held --
-- When a hold begins.
select starts from appointments where id = $1

-- release --
-- Let a hold go.
select release_appointment($1)

-- expired --
-- Holds that expired before an instant, a few.
select id from appointments where state = 'held' and held_until < $1 order by held_until limit 100

-- sweep --
-- Let one of those go, unless it was booked meanwhile.
select release_appointment($1, $2) as swept

-- cancel --
-- Cancel what stands; how it is then.
select * from cancel_appointment($1, $2, $3, $4, $5, $6)

-- confirm --
-- The client will come; how it is then, if it stands.
with changed as (
    update appointments set state = 'confirmed', changed_at = $6 where id = $1 and state = 'booked' returning *
), told as (
    insert into appointment_events (appointment, at, what, who, why, call_id, key, starts, ends, resources)
    select id, $6, 'confirmed', $2, $3, $4, $5, starts, ends, resources from changed
)
select * from changed
union all
select * from appointments where id = $1 and state = 'confirmed' and not exists (select from changed)

-- of_number --
-- What stands of somebody with this number that ends after an instant, the next first.
select * from appointments where number = $1 and number <> '' and ends > $2 and state in ('booked', 'confirmed')
order by starts, id

-- by_reference --
-- What stands with this reference and ends after an instant.
select * from appointments where reference = $1 and ends > $2 and state in ('booked', 'confirmed')
order by starts limit 1

-- wish --
-- Put somebody on the waitlist; once for each event type and number.
insert into appointment_wishes (
    id, event_type, number, name, language, email, note, since, until, resource, appointment
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (event_type, number) do update set name = excluded.name, language = excluded.language,
    email = excluded.email, note = excluded.note, until = excluded.until, resource = excluded.resource,
    appointment = excluded.appointment

-- get --
-- One, whatever became of it; a hold is none.
select * from appointments where id = $1 and state <> 'held'

-- made_by --
-- What a request with this key booked, if it stands.
select * from appointments where key = $1 and key <> '' and state in ('booked', 'confirmed') order by made_at limit 1

-- listed --
-- Appointments that begin between two instants, from a place in the list on; '' for any resource, number, type, reference.
select * from appointments
where state <> 'held' and ends > $1 and starts < $2 and ($3 = '' or $3 = any (resources)) and ($4 = '' or number = $4)
    and ($5 = '' or event_type = $5) and ($6 = '' or reference = $6) and ($7 or state <> 'cancelled')
    and (starts, id) > ($8, $9)
order by starts, id limit $10

-- history --
-- Who did what to it, the first first.
select at, what, who, why, call_id, starts, ends, resources, freed, freed_resources from appointment_events
where appointment = $1 order by id

-- erase_before --
-- Whom appointments were for that ended before an instant is forgotten; the ids. What was to be told of them stays.
with erased as (
    update appointments set number = '', name = '', language = null, email = '', note = '', key = '', erased_at = $2
    where ends < $1 and erased_at is null and state <> 'held' returning id, starts, ends, resources
), told as (
    insert into appointment_events (appointment, at, what, who, why, key, starts, ends, resources)
    select id, $2, 'erased', $3, $4, '', starts, ends, resources from erased
), forgotten as (
    update appointment_events event set call_id = null, why = '', key = '',
        who = case when who like 'caller%' then 'caller' else who end
    from erased where event.appointment = erased.id
)
select id from erased

-- forget_wishes --
-- Nobody waits any more for a time that has passed.
delete from appointment_wishes where until < $1
