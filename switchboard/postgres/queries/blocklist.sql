-- entries --
-- Every line.
select pattern, kind, why, who, at, call_id
from screening_list
order by pattern

-- put_entry --
-- Of $1, $2 (block or allow) because $3, says $4 at $5, after the call $6.
insert into screening_list (pattern, kind, why, who, at, call_id)
values ($1, $2, $3, $4, $5, $6)
on conflict (pattern) do update set
    kind = excluded.kind, why = excluded.why, who = excluded.who, at = excluded.at, call_id = excluded.call_id

-- remove_entry --
-- Take the line of $1 away.
delete from screening_list
where pattern = $1
returning pattern, kind, why, who, at, call_id
