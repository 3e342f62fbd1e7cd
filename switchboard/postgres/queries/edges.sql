-- taken --
-- How many calls that started at $1 or later left each step by each outcome. A step into a subflow is left twice: by
-- `entered`, and, when a step of the same flow follows a `return`, by what was handed back. Steps of a call follow each
-- other in time; the last step into a subflow that its flow knew before is the one that is returned to.
with steps as (
    select
        events.call_id,
        events.at,
        events.data ->> 'flow' as flow,
        events.data ->> 'step' as step,
        events.data ->> 'type' as type,
        events.data ->> 'outcome' as outcome,
        events.data ->> 'entered_at' as entered_at
    from calls
    join call_events as events on events.call_id = calls.id
    where calls.started_at >= $1 and events.kind = 'step'
),
followed as (
    select
        call_id,
        flow,
        step,
        outcome,
        lag(type) over call as type_before,
        lag(outcome) over call as outcome_before,
        max(case when type = 'subflow' then array[to_char(at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), step] end)
            over (partition by call_id, flow order by at, entered_at rows between unbounded preceding and 1 preceding)
            as led_in
    from steps
    window call as (partition by call_id order by at, entered_at)
),
ways as (
    select call_id, flow, step, outcome
    from followed
    union
    select call_id, flow, led_in[2], outcome_before
    from followed
    where type_before = 'return' and led_in is not null
)
select flow, step, outcome, count(distinct call_id)::integer as callers
from ways
where flow is not null and step is not null and outcome is not null
group by flow, step, outcome

-- dialled --
-- How many calls that started at $1 or later dialled each number.
select number, count(*)::integer as callers
from calls
where started_at >= $1
group by number
