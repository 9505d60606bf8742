-- Times are microseconds since 1970, UTC. Every id is given by whoever holds the lock for writing.

CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    exit_code BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    deployments BIGINT NOT NULL
);
CREATE INDEX audit_started_at ON audit (started_at);

CREATE TABLE audit_verdict (
    audit BIGINT NOT NULL REFERENCES audit (id) ON DELETE CASCADE,
    verdict TEXT NOT NULL,
    deployments BIGINT NOT NULL,
    PRIMARY KEY (audit, verdict)
);

-- An empty environment is the project's own key.
CREATE TABLE reign (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    place BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    confirmed TEXT,
    -- When a person did.
    confirmed_at BIGINT,
    rotated_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (project, environment, place)
);

-- Earlier keys that never were the reference in an audit.
CREATE TABLE earlier (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (project, environment, fingerprint)
);

CREATE TABLE deployment (
    id BIGINT PRIMARY KEY,
    project TEXT NOT NULL,
    title TEXT NOT NULL,
    name TEXT NOT NULL,
    environment TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    retired_at BIGINT,
    verdict TEXT,
    -- How many audits in a row gave this verdict.
    times BIGINT NOT NULL,
    UNIQUE (project, title)
);

CREATE TABLE hop (
    id BIGINT PRIMARY KEY,
    deployment BIGINT NOT NULL REFERENCES deployment (id),
    place BIGINT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    stage TEXT NOT NULL,
    UNIQUE (deployment, place, source, location, stage)
);

-- A stretch of time in which a hop was the same; open while it lasts.
CREATE TABLE span (
    id BIGINT PRIMARY KEY,
    hop BIGINT NOT NULL REFERENCES hop (id),
    verdict TEXT NOT NULL,
    evidence TEXT NOT NULL,
    fault TEXT,
    fingerprint TEXT,
    since BIGINT NOT NULL,
    until BIGINT
);
CREATE UNIQUE INDEX span_open ON span (hop) WHERE until IS NULL;
CREATE INDEX span_hop ON span (hop);
CREATE INDEX span_until ON span (until);

CREATE TABLE acceptance (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    deployment TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (project, environment, fingerprint, deployment)
);

CREATE TABLE told (
    receiver TEXT NOT NULL,
    project TEXT NOT NULL,
    title TEXT NOT NULL,
    verdict TEXT NOT NULL,
    fingerprint TEXT,
    broken_at BIGINT,
    PRIMARY KEY (receiver, project, title)
);

-- What ended before this moment may have been dropped.
CREATE TABLE retention (
    id BIGINT PRIMARY KEY,
    kept_since BIGINT NOT NULL
);

-- The hops of a deployment as the last audit found them, in short: found so again, nothing of them
-- needs to be read.
CREATE TABLE route (
    deployment BIGINT PRIMARY KEY REFERENCES deployment (id),
    digest BIGINT NOT NULL
);
