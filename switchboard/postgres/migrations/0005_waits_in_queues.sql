-- How callers left queues, as `switchboard queues` counts them.

create index call_events_of_queues on call_events (at) where kind = 'left_queue';

create view queue_waits as
select
    call_id,
    at,
    data ->> 'queue' as queue,
    data ->> 'outcome' as outcome,
    -- A ledger can hold anything: what is no number of seconds counts as none.
    case when jsonb_typeof(data -> 'seconds') = 'number' then greatest((data ->> 'seconds')::double precision, 0) else 0 end
        as seconds
from call_events
where kind = 'left_queue';

comment on view queue_waits is 'One row for each time a caller left a queue; one who came back to it has several.';
