-- When an audit said that it saw the key last, where that was dated back since: nobody knows which clock was wrong.
ALTER TABLE reign ADD COLUMN said_seen BIGINT;

-- Which place a hop reads, in short: what is shown of two may be the same. Null where that was not written down.
ALTER TABLE hop ADD COLUMN identity TEXT;

-- The places that somebody's word is good for. What was said before covers none: nobody knows which were meant, and
-- it is asked for again.
ALTER TABLE acceptance ADD COLUMN places TEXT NOT NULL DEFAULT '';
