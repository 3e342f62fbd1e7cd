-- waits_since --
-- How callers left each queue at $1 or later: how many by outcome, and how long those waited who were answered and who
-- gave up (seconds, ascending). Who came back to a queue counts once, as they left it the last time.
select
    queue,
    count(*) filter (where outcome = 'key') as by_key,
    count(*) filter (where outcome = 'timeout') as timed_out,
    count(*) filter (where outcome in ('full', 'nobody_on_duty')) as not_admitted,
    coalesce(array_agg(seconds order by seconds) filter (where outcome = 'answered'), '{}') as answered_after,
    coalesce(array_agg(seconds order by seconds) filter (where outcome = 'abandoned'), '{}') as abandoned_after
from (
    select distinct on (call_id, queue) queue, outcome, seconds
    from queue_waits
    where at >= $1 and queue is not null
    order by call_id, queue, at desc
) as last_times
group by queue
order by queue
