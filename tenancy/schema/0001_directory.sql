-- Who exists. Times are microseconds since 1970 in UTC; ids sort by time of creation.

CREATE TABLE workspaces (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	metadata   TEXT NOT NULL,
	domains    INTEGER NOT NULL DEFAULT 0, -- counts, kept by the triggers below
	inboxes    INTEGER NOT NULL DEFAULT 0,
	keys       INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE inboxes (
	id           TEXT PRIMARY KEY,
	workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	display_name TEXT NOT NULL,
	metadata     TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX inboxes_of_workspace ON inboxes (workspace_id, id);

-- A claim of a workspace on a domain. Pending claims exclude nobody; a verified one is alone.
CREATE TABLE domains (
	id           TEXT PRIMARY KEY,
	workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	name         TEXT NOT NULL, -- A-labels, lower case
	status       TEXT NOT NULL CHECK (status IN ('pending', 'verified')),
	catch_all    TEXT REFERENCES inboxes (id) ON DELETE SET NULL,
	created_at   INTEGER NOT NULL,
	updated_at   INTEGER NOT NULL,
	verified_at  INTEGER,
	UNIQUE (name, workspace_id)
) STRICT;
CREATE UNIQUE INDEX verified_domains ON domains (name) WHERE status = 'verified';
CREATE INDEX domains_of_workspace ON domains (workspace_id, id);
CREATE INDEX catch_alls ON domains (catch_all) WHERE catch_all IS NOT NULL;

-- Addresses stand only at verified domains, so they are unique everywhere. A domain with addresses cannot be deleted.
CREATE TABLE addresses (
	domain_id  TEXT NOT NULL REFERENCES domains (id),
	local      TEXT NOT NULL, -- folded
	inbox_id   TEXT NOT NULL REFERENCES inboxes (id) ON DELETE CASCADE,
	is_primary INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (domain_id, local)
) STRICT, WITHOUT ROWID;
CREATE INDEX addresses_of_inbox ON addresses (inbox_id);
CREATE INDEX inboxes_of_domain ON addresses (domain_id, inbox_id);
CREATE UNIQUE INDEX primary_addresses ON addresses (inbox_id) WHERE is_primary = 1;

CREATE TABLE keys (
	id           TEXT PRIMARY KEY,
	kind         INTEGER NOT NULL, -- 1 operator, 2 workspace, 3 inbox
	workspace_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE,
	inbox_id     TEXT REFERENCES inboxes (id) ON DELETE CASCADE,
	hash         BLOB NOT NULL UNIQUE, -- SHA-256 of the secret
	prefix       TEXT NOT NULL,
	name         TEXT NOT NULL,
	permissions  TEXT NOT NULL, -- JSON array
	networks     TEXT NOT NULL, -- JSON array; empty is everywhere
	expires_at   INTEGER,
	last_used_at INTEGER,
	replaced_at  INTEGER,
	created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX keys_of_workspace ON keys (workspace_id, kind, id);
CREATE INDEX keys_of_inbox ON keys (inbox_id, id);
CREATE INDEX replaced_keys ON keys (expires_at) WHERE replaced_at IS NOT NULL;

-- The password of an inbox for IMAP and SMTP.
CREATE TABLE passwords (
	inbox_id    TEXT PRIMARY KEY REFERENCES inboxes (id) ON DELETE CASCADE,
	hash        BLOB NOT NULL, -- SHA-256
	permissions TEXT NOT NULL, -- JSON array
	created_at  INTEGER NOT NULL
) STRICT;

-- Answers that were given under an Idempotency-Key.
CREATE TABLE idempotency (
	scope        TEXT NOT NULL, -- whose keys these are: operator, workspace or inbox
	method       TEXT NOT NULL,
	path         TEXT NOT NULL,
	name         TEXT NOT NULL, -- the Idempotency-Key
	workspace_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE,
	body_hash    BLOB NOT NULL, -- SHA-256 of the request's body
	key_id       TEXT NOT NULL, -- who can open sealed
	status       INTEGER NOT NULL,
	answer       BLOB NOT NULL, -- without its secret
	sealed       BLOB, -- nonce and AES-GCM of the whole answer
	expires_at   INTEGER NOT NULL,
	PRIMARY KEY (scope, method, path, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
CREATE INDEX idempotency_of_workspace ON idempotency (workspace_id) WHERE workspace_id IS NOT NULL;

-- What is to be told in the journals of the workspaces, in order.
CREATE TABLE news (
	seq          INTEGER PRIMARY KEY AUTOINCREMENT,
	id           TEXT NOT NULL UNIQUE, -- evt_…, the id of the journal's line
	workspace_id TEXT NOT NULL,
	type         TEXT NOT NULL,
	inbox_id     TEXT NOT NULL, -- '' = concerns the whole workspace
	at           INTEGER NOT NULL,
	data         TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX news_of_workspace ON news (workspace_id, seq);

-- Mail that is to be removed because its inbox or workspace is gone.
CREATE TABLE removals (
	id           INTEGER PRIMARY KEY,
	workspace_id TEXT NOT NULL,
	inbox_id     TEXT NOT NULL, -- '' = the whole workspace
	due_at       INTEGER NOT NULL,
	tries        INTEGER NOT NULL DEFAULT 0, -- failures in a row
	swept        INTEGER NOT NULL DEFAULT 0 -- 1 = removed once; what was under way then is removed at due_at
) STRICT;
CREATE INDEX removals_by_due ON removals (due_at);

CREATE TRIGGER inbox_added AFTER INSERT ON inboxes BEGIN
	UPDATE workspaces SET inboxes = inboxes + 1 WHERE id = NEW.workspace_id;
END;
CREATE TRIGGER inbox_removed AFTER DELETE ON inboxes BEGIN
	UPDATE workspaces SET inboxes = inboxes - 1 WHERE id = OLD.workspace_id;
END;
CREATE TRIGGER domain_added AFTER INSERT ON domains BEGIN
	UPDATE workspaces SET domains = domains + 1 WHERE id = NEW.workspace_id;
END;
CREATE TRIGGER domain_removed AFTER DELETE ON domains BEGIN
	UPDATE workspaces SET domains = domains - 1 WHERE id = OLD.workspace_id;
END;
CREATE TRIGGER key_added AFTER INSERT ON keys BEGIN
	UPDATE workspaces SET keys = keys + 1 WHERE id = NEW.workspace_id;
END;
CREATE TRIGGER key_removed AFTER DELETE ON keys BEGIN
	UPDATE workspaces SET keys = keys - 1 WHERE id = OLD.workspace_id;
END;
