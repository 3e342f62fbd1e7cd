-- person --
-- Whose address has the SHA-256 $1.
select person from calendar_feeds where token_hash = $1

-- made_at --
-- Since when person $1 has an address.
select made_at from calendar_feeds where person = $1

-- make --
-- A new address ($2) for person $1; the one before is none any more.
insert into calendar_feeds (person, token_hash) values ($1, $2)
on conflict (person) do update set token_hash = excluded.token_hash, made_at = now()

-- revoke --
-- Person $1 has no address any more.
delete from calendar_feeds where person = $1 returning person

-- appointments --
-- What the resources $1 have or had that ends after $2.
select * from appointments
where resources && $1::text[] and ends > $2 and state <> 'held' and erased_at is null
order by starts, id limit 5000
