-- A client's own word for what it made: making it again under the same word gives what is there. '' is none.
ALTER TABLE workspaces ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX client_ids_of_workspaces ON workspaces (client_id) WHERE client_id <> '';
ALTER TABLE inboxes ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX client_ids_of_inboxes ON inboxes (workspace_id, client_id) WHERE client_id <> '';
