-- clients --
-- Every client with its numbers, in the form that row_of and client_of know.
select
    code, name, class, manager, language, vip, note, standing, owed::text as owed, since,
    coalesce(told.numbers, '{}') as numbers
from clients
left join (
    select code, array_agg(number order by place) as numbers from client_numbers group by code
) as told using (code)
order by code

-- client_of_number --
-- The client who has the number $1.
select
    code, name, class, manager, language, vip, note, standing, owed::text as owed, since,
    (select array_agg(number order by place) from client_numbers where client_numbers.code = clients.code) as numbers
from clients
where code = (select code from client_numbers where number = $1) or code = $1

-- remove_client --
-- Forget the client of code $1.
delete from clients
where code = $1
returning code

-- make_coming --
-- Where a list is put before it is compared.
create temporary table coming (
    line integer, code text, name text, class text, manager text, language text, vip boolean, note text,
    standing text, owed numeric(14, 2), since date, numbers text[]
) on commit drop

-- lock_clients --
-- One list at a time.
lock table clients in share row exclusive mode

-- taken_numbers --
-- Numbers of the coming list that belong to clients it does not name, unless those go ($1).
select number, client_numbers.code, clients.name
from coming
cross join unnest(coming.numbers) as number
join client_numbers using (number)
join clients on clients.code = client_numbers.code
where not $1 and client_numbers.code not in (select code from coming)
order by coming.line
limit 200

-- count_unchanged --
-- How many of the coming list are here already, word by word.
select count(*)
from coming
join clients using (code)
where (coming.name, coming.class, coming.vip, coming.note, coming.standing)
    = (clients.name, clients.class, clients.vip, clients.note, clients.standing)
    and (coming.manager, coming.language, coming.owed, coming.since)
    is not distinct from (clients.manager, clients.language, clients.owed, clients.since)
    and coming.numbers = (
        select array_agg(number order by place) from client_numbers where client_numbers.code = clients.code
    )

-- count_known --
-- How many of the coming list are here under their code.
select count(*) from coming join clients using (code)

-- remove_others --
-- Forget clients that the coming list does not name.
with gone as (delete from clients where code not in (select code from coming) returning code)
select count(*) from gone

-- take_clients --
-- Clients of the coming list as it has them.
insert into clients (code, name, class, manager, language, vip, note, standing, owed, since)
select code, name, class, manager, language, vip, note, standing, owed, since from coming
on conflict (code) do update set
    name = excluded.name, class = excluded.class, manager = excluded.manager, language = excluded.language,
    vip = excluded.vip, note = excluded.note, standing = excluded.standing, owed = excluded.owed, since = excluded.since
where (clients.*) is distinct from (excluded.*)

-- drop_numbers --
-- Numbers of the coming list's clients, to be written anew.
delete from client_numbers where code in (select code from coming)

-- take_numbers --
-- Numbers of the coming list.
insert into client_numbers (number, code, place)
select told.number, coming.code, told.place
from coming
cross join unnest(coming.numbers) with ordinality as told (number, place)
