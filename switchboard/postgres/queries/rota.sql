-- swaps --
-- Swaps that count, in the order in which they were noted; those of long ago are left out.
select id, rota, day, one, other, because, by from rota_swaps
where taken_back_at is null and day > current_date - 400 order by noted_at, id

-- add_swap --
-- Note a swap.
insert into rota_swaps (id, rota, day, one, other, because, by) values ($1, $2, $3, $4, $5, $6, $7)

-- take_back_swap --
-- A swap counts no more; its columns.
update rota_swaps set taken_back_at = now(), taken_back_by = $2
where id = $1 and taken_back_at is null returning id, rota, day, one, other, because, by
