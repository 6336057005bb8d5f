-- In which surface's words a webhook is told of events; '' is that of /v1.
ALTER TABLE webhooks ADD COLUMN dialect TEXT NOT NULL DEFAULT '';
-- A client's own word for what it made; see workspaces.client_id.
ALTER TABLE webhooks ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX client_ids_of_webhooks ON webhooks (workspace_id, client_id) WHERE client_id <> '';
