-- Whether what became free is still to come is for whoever offers it: the database asks no clock about it.

create or replace function note_freed_time() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'appointment_events' then
        if new.freed is not null then
            insert into freed_times (event_type, starts, ends, resources)
            select event_type, lower(new.freed), upper(new.freed), new.freed_resources
            from appointments booked where booked.id = new.appointment and exists (
                select from appointment_wishes wish where wish.event_type = booked.event_type
            );
        end if;
        return null;
    end if;
    -- A hold that goes away and still had its time: no booking was made of it, and nobody else has it.
    insert into freed_times (event_type, starts, ends, resources)
    select old.event_type, old.starts, old.ends, old.resources
    where exists (
        select from appointment_wishes wish where wish.event_type = old.event_type
    ) and exists (
        select from appointment_resources claim where claim.appointment = old.id
    );
    return old;
end
$$;
