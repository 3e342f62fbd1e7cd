-- presence --
-- What each person set last.
select person, status, set_at, until, by from presence order by person

-- set_presence --
-- What a person set; what was set later stays. True if it is what counts now.
with setting as (
    insert into presence (person, status, set_at, until, by) values ($1, $2, $3, $4, $5)
    on conflict (person) do update
    set status = excluded.status, set_at = excluded.set_at, until = excluded.until, by = excluded.by
    where excluded.set_at > presence.set_at
    returning true
)
select exists (select from setting) as counts

-- absences --
-- Absences that are not over for long, in their order.
select id, person, begins, ends, because, by from absences
where ends > now() - interval '30 days' order by begins, id

-- add_absence --
-- Note an absence.
insert into absences (id, person, begins, ends, because, by) values ($1, $2, $3, $4, $5, $6)

-- remove_absence --
-- Forget an absence; its columns.
delete from absences where id = $1 returning id, person, begins, ends, because, by

-- absences_beginning --
-- Absences whose ids lie between two, at most two of them: more than one is not unique.
select id from absences where id between $1 and $2 limit 2
