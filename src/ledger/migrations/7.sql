-- When an audit said that it saw the key last, where that was dated back since: nobody knows which clock was wrong.
ALTER TABLE reign ADD COLUMN said_seen BIGINT;

-- Which place a hop reads, in short: what is shown of two may be the same. Null where that was not written down.
ALTER TABLE hop ADD COLUMN identity TEXT;

-- The places that an acceptance covers. An earlier one covers none, since nobody knows which were meant: it is asked
-- for again.
ALTER TABLE acceptance ADD COLUMN places TEXT NOT NULL DEFAULT '';
