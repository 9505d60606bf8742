-- Somebody's word is of the inventory in which it was said. What was said before goes with the deployment that it
-- names; where several inventories have one of that name, nobody knows which was meant, and it is asked for again.
CREATE TABLE acceptance_now (
    inventory BIGINT NOT NULL,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    deployment TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (inventory, project, environment, fingerprint, deployment)
);
INSERT INTO acceptance_now (inventory, project, environment, fingerprint, deployment, reason, accepted_at)
SELECT MIN(deployment.inventory), acceptance.project, acceptance.environment, acceptance.fingerprint,
    acceptance.deployment, MIN(acceptance.reason), MIN(acceptance.accepted_at)
FROM acceptance JOIN deployment
ON deployment.title = acceptance.deployment OR deployment.name = acceptance.deployment
GROUP BY acceptance.project, acceptance.environment, acceptance.fingerprint, acceptance.deployment
HAVING MIN(deployment.inventory) = MAX(deployment.inventory);
DROP TABLE acceptance;
ALTER TABLE acceptance_now RENAME TO acceptance;
