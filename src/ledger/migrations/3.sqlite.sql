-- One deployment for each inventory that names it. What is there already is nobody's yet: 0.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE deployment_before AS SELECT * FROM deployment;
DROP TABLE deployment;
CREATE TABLE deployment (
    id BIGINT PRIMARY KEY,
    inventory BIGINT NOT NULL,
    project TEXT NOT NULL,
    title TEXT NOT NULL,
    name TEXT NOT NULL,
    environment TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    retired_at BIGINT,
    verdict TEXT,
    times BIGINT NOT NULL,
    UNIQUE (inventory, project, title)
);
INSERT INTO deployment (id, inventory, project, title, name, environment, first_seen, last_seen, retired_at,
    verdict, times)
SELECT id, 0, project, title, name, environment, first_seen, last_seen, retired_at, verdict, times
FROM deployment_before;
DROP TABLE deployment_before;
