-- One deployment for each inventory that names it. What is there already is nobody's yet: 0.
ALTER TABLE deployment ADD COLUMN inventory BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deployment ALTER COLUMN inventory DROP DEFAULT;
ALTER TABLE deployment DROP CONSTRAINT deployment_project_title_key;
ALTER TABLE deployment ADD UNIQUE (inventory, project, title);
