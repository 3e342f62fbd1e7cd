-- The outbox has what is sent by mail and webhook; phones' lights and the console learn from `messages` itself. What was
-- sent is forgotten in time, and addresses go with the message they were told of.

delete from outbox where kind in ('light', 'console');
alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check check (kind in ('email', 'webhook'));

create index outbox_done on outbox (done_at) where done_at is not null;

create function refuse_to_rewrite_message_history() returns trigger language plpgsql as $$
begin
    old.detail := case when old.what in ('sent', 'undelivered') then old.detail - 'to' - 'told' end;
    if new is distinct from old then
        raise exception '% is append-only, but for the addresses of what is erased', tg_table_name;
    end if;
    return new;
end
$$;

drop trigger message_events_are_append_only on message_events;
create trigger message_events_are_append_only before delete or truncate on message_events
    for each statement execute function refuse_to_rewrite_history();
create trigger message_events_are_not_rewritten before update on message_events
    for each row execute function refuse_to_rewrite_message_history();
