-- orphans --
-- Messages that somebody began to say, before $1, and of which nobody noted what became of them.
select begun.call_id, begun.at, begun.data
from call_events as begun
where begun.kind = 'message_begun'
    and begun.at < $1
    and not exists (
        select from call_events as later
        where later.call_id = begun.call_id
            and later.kind in ('message', 'message_dropped')
            and later.data ->> 'message_id' = begun.data ->> 'message_id'
    )
order by begun.at

-- not_filed --
-- Messages whose audio is on this machine's disk alone.
select id, seconds, parts from messages
where filed_at is null and erased_at is null
order by recorded_at
limit $1

-- store_audio --
-- One part of a message: id $1, part $2, content $3, its SHA-256 $4, seconds $5.
insert into message_audio (message_id, part, content, sha256, seconds)
values ($1, $2, $3, $4, $5)
on conflict (message_id, part) do nothing

-- filed --
-- All parts of message $1 are stored.
update messages set filed_at = now() where id = $1 and filed_at is null

-- filed_of --
-- Those of the messages $1 of which all parts are stored.
select id, parts from messages where id = any ($1::uuid[]) and filed_at is not null

-- without_addressee --
-- Messages that are for nobody yet: the safety net's. With the number that was dialled.
select messages.id, messages.recorded_at, calls.number
from messages join calls on calls.id = messages.call_id
where messages.person is null and messages.department is null and messages.erased_at is null
limit 100

-- address --
-- Message $1 is for the person $2 or the department $3, which must answer for it by $4.
update messages set person = $2, department = $3, deadline = $4
where id = $1 and person is null and department is null

-- escalate --
-- Messages of departments that nobody took in time, at $1; $2 is a JSON object of departments' heads. Each once.
with late as (
    update messages set escalated_at = $1
    where department is not null and owner is null and state in ('new', 'heard')
        and deadline < $1 and escalated_at is null and erased_at is null
    returning id, department
),
told as (
    insert into message_events (id, message_id, at, who, what, detail)
    select
        gen_random_uuid(), id, $1, 'switchboard', 'escalated',
        jsonb_build_object('department', department, 'to', $2::text::jsonb ->> department)
    from late
),
to_send as (
    insert into outbox (message_id, kind, idempotency_key, payload)
    select
        id, kind, 'message:' || id || ':escalated:' || kind,
        jsonb_build_object('what', 'escalated', 'department', department, 'to', $2::text::jsonb ->> department)
    from late cross join unnest(array['email', 'webhook']) as kind
    on conflict (idempotency_key) do nothing
)
select id, department from late

-- waiting --
-- How many messages wait for whom: not heard, and heard but not done. A message that has an owner is the owner's.
select
    coalesce(owner, person) as person,
    case when owner is null and person is null then department end as department,
    count(*) filter (where state = 'new') as fresh,
    count(*) filter (where state in ('heard', 'in_hand')) as saved
from messages
where state <> 'done' and erased_at is null and coalesce(owner, person, department) is not null
group by 1, 2
