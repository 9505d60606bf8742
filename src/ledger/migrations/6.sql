-- Whose audit it was; null where that was not written down and no scope tells it. What a scope has is of one
-- inventory.
ALTER TABLE audit ADD COLUMN inventory BIGINT;
UPDATE audit SET inventory = (
    SELECT deployment.inventory FROM member JOIN deployment ON deployment.id = member.first
    WHERE member.scope = audit.scope LIMIT 1
);
