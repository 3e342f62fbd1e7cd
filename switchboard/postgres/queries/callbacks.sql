-- callbacks --
-- Those that are open, and those that were closed lately.
select
    id, queue, number, asked_by, name, called, language, call_id, since, priority, promised_at, deadline, not_before,
    state, attempts, last, revision, changed_at
from callbacks
where state in ('waiting', 'dialling') or changed_at > now() - interval '1 day'
order by since, id

-- newest --
-- $1 of them: open ones, who came first first; then the others, the one closed last first.
select
    id, queue, number, asked_by, name, called, language, call_id, since, priority, promised_at, deadline, not_before,
    state, attempts, last, revision, changed_at
from callbacks
order by
    state not in ('waiting', 'dialling'),
    case when state in ('waiting', 'dialling') then since end,
    changed_at desc
limit $1

-- beginning --
-- Callbacks whose ids lie between two, at most two of them: more than one is not unique.
select id from callbacks where id between $1 and $2 limit 2

-- cancel --
-- Close the callback $1 because of $2, if it is open; how it stands then.
update callbacks
set state = 'cancelled', last = $2, revision = revision + 1, changed_at = now()
where id = $1 and state in ('waiting', 'dialling')
returning
    id, queue, number, asked_by, name, called, language, call_id, since, priority, promised_at, deadline, not_before,
    state, attempts, last, revision, changed_at
