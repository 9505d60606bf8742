-- What is audited as one: a targets.yaml with what it includes.
CREATE TABLE inventory (
    id BIGINT PRIMARY KEY,
    -- As its main file says; null where that says nothing.
    name TEXT UNIQUE
);

-- Whose audits came from this file last; null where that was written down before inventories were.
ALTER TABLE targets ADD COLUMN inventory BIGINT;

-- What was told at standard output was told after every audit, whoever asked for it: that is no longer so.
CREATE TABLE told_before (
    inventory BIGINT NOT NULL,
    receiver TEXT NOT NULL,
    project TEXT NOT NULL,
    title TEXT NOT NULL,
    verdict TEXT NOT NULL,
    fingerprint TEXT,
    broken_at BIGINT,
    PRIMARY KEY (inventory, receiver, project, title)
);
INSERT INTO told_before (inventory, receiver, project, title, verdict, fingerprint, broken_at)
SELECT 0, receiver, project, title, verdict, fingerprint, broken_at FROM told WHERE receiver <> '';
DROP TABLE told;
ALTER TABLE told_before RENAME TO told;

-- Ledgers that a person said are not of the targets.yaml whose ledger this is.
CREATE TABLE unrelated (
    path TEXT PRIMARY KEY
);
