-- What sending needs.

ALTER TABLE inboxes ADD COLUMN undo_seconds INTEGER NOT NULL DEFAULT 0; -- how long a message waits so that it can be cancelled

-- What tokens are signed with that come back from outside: return paths, links to unsubscribe.
CREATE TABLE secrets (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO secrets (name, value) VALUES ('tokens', randomblob(32));

-- The DKIM keys of a domain, in two pairs: one signs, the other is published for the day when they change places. The
-- private keys lie in the workspace's directory under the same names.
CREATE TABLE dkim_keys (
	domain_id  TEXT NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
	selector   TEXT NOT NULL,
	pair       TEXT NOT NULL CHECK (pair IN ('a', 'b')),
	algorithm  TEXT NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
	public     TEXT NOT NULL, -- base64, as the p= of the DNS record
	file       TEXT NOT NULL, -- the private key's name
	created_at INTEGER NOT NULL,
	PRIMARY KEY (domain_id, selector)
) STRICT, WITHOUT ROWID;
ALTER TABLE domains ADD COLUMN dkim_pair TEXT NOT NULL DEFAULT 'a';       -- the pair that signs
ALTER TABLE domains ADD COLUMN dkim_since INTEGER NOT NULL DEFAULT 0;     -- since when; 0: from the first on

-- How mail leaves, where it is not as the configuration says: for an inbox, a domain or a workspace, the narrowest counts.
CREATE TABLE sending (
	owner_id     TEXT PRIMARY KEY, -- inb_…, dom_… or ws_…
	workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	settings     TEXT NOT NULL, -- JSON, Sending
	password     TEXT NOT NULL, -- the relay's
	updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sending_of_workspace ON sending (workspace_id);
CREATE TRIGGER inbox_sends_no_more AFTER DELETE ON inboxes BEGIN
	DELETE FROM sending WHERE owner_id = OLD.id;
END;
CREATE TRIGGER domain_sends_no_more AFTER DELETE ON domains BEGIN
	DELETE FROM sending WHERE owner_id = OLD.id;
END;
