-- The projects, and environments of them, that somebody said to be no more. Seen again later, they are back.
CREATE TABLE retired (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    retired_at BIGINT NOT NULL,
    PRIMARY KEY (project, environment)
);
