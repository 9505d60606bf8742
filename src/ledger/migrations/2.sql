-- Neither deployments nor a return to an earlier key settle what a reference is. Of what was settled so, the
-- last one is open again; what another key has followed since stays as it was.
UPDATE reign SET confirmed = NULL WHERE confirmed IN ('proven', 'rollback') AND NOT EXISTS (
    SELECT 1 FROM reign AS later WHERE later.project = reign.project
    AND later.environment = reign.environment AND later.place > reign.place
);

-- Keys that stood in a reference, and were replaced before anything settled that they belong there.
CREATE TABLE unsettled (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (project, environment, fingerprint)
);

-- Keys that were announced as the next ones. The last audit that saw such a key neither as the current nor as
-- the next one began at absent_at; null where none looked at both.
CREATE TABLE announced (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    absent_at BIGINT,
    PRIMARY KEY (project, environment, fingerprint)
);

-- When an audit last read both the current and the next key of an owner.
CREATE TABLE both_read (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (project, environment)
);

-- The keys that the last reading of a place held; null where it was not wholly read and explained, or was
-- written down before this was kept.
ALTER TABLE hop ADD COLUMN holds TEXT;

-- The files whose audits are here.
CREATE TABLE targets (
    path TEXT PRIMARY KEY
);
