-- The projects, and environments of them, that somebody said to be no more. Seen again later, they are back.
CREATE TABLE retired (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    retired_at BIGINT NOT NULL,
    PRIMARY KEY (project, environment)
);
-- Of which unsettled change of a reference a receiver was told: whose, and what the reference is since.
CREATE TABLE told_reference (
    inventory BIGINT NOT NULL,
    receiver TEXT NOT NULL,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (inventory, receiver, project, environment)
);
