-- The key of a request names the call it came from, and goes with whom it was for.

create or replace function refuse_to_rewrite_appointment_history() returns trigger language plpgsql as $$
begin
    old.who := new.who;
    old.why := '';
    old.call_id := null;
    old.key := '';
    if new is distinct from old then
        raise exception '% is append-only, but for people who are erased', tg_table_name;
    end if;
    return new;
end
$$;
