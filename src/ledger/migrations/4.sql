-- What an audit found as it was is not written down again. A scope is a set of deployments that audits saw; a
-- deployment was last seen by the last audit of any scope that it is in, or when its own row says.
CREATE TABLE scope (
    id BIGINT PRIMARY KEY,
    -- Of the names of all of it, in short.
    names TEXT NOT NULL UNIQUE,
    -- All that its last audit saw, in short; null where something was written down since that may differ.
    state TEXT,
    last_seen BIGINT NOT NULL
);

-- The deployments of a scope, in stretches of their ids.
CREATE TABLE member (
    scope BIGINT NOT NULL REFERENCES scope (id),
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    -- Whether the whole route was judged, and not a part of it.
    whole BIGINT NOT NULL,
    PRIMARY KEY (scope, first)
);

-- The scope of an audit; null where it is told by the rows of its deployments.
ALTER TABLE audit ADD COLUMN scope BIGINT;

-- Its hops as the last audit found them, in short: found so again, nothing of them needs to be read.
ALTER TABLE deployment ADD COLUMN digest BIGINT;
UPDATE deployment SET digest = (SELECT digest FROM route WHERE route.deployment = deployment.id);
DROP TABLE route;
CREATE INDEX deployment_retired ON deployment (retired_at) WHERE retired_at IS NOT NULL;

-- The same without the indexes that cost as much as what they are of.
CREATE TABLE lean_hop (
    id BIGINT PRIMARY KEY,
    deployment BIGINT NOT NULL REFERENCES deployment (id),
    place BIGINT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    stage TEXT NOT NULL,
    holds TEXT
);
INSERT INTO lean_hop SELECT id, deployment, place, source, location, stage, holds FROM hop ORDER BY id;
CREATE TABLE lean_span (
    id BIGINT PRIMARY KEY,
    hop BIGINT NOT NULL REFERENCES lean_hop (id),
    verdict TEXT NOT NULL,
    evidence TEXT NOT NULL,
    fault TEXT,
    fingerprint TEXT,
    since BIGINT NOT NULL,
    until BIGINT
);
INSERT INTO lean_span SELECT id, hop, verdict, evidence, fault, fingerprint, since, until FROM span ORDER BY id;
DROP TABLE span;
DROP TABLE hop;
ALTER TABLE lean_hop RENAME TO hop;
ALTER TABLE lean_span RENAME TO span;
CREATE INDEX hop_deployment ON hop (deployment);
CREATE INDEX span_hop ON span (hop);
CREATE INDEX span_until ON span (until) WHERE until IS NOT NULL;
