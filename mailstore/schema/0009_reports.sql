-- Reports of other mail servers about the domains of the workspace as a whole: DMARC aggregate reports, TLS reports. The message that
-- brought one lies in an inbox; what it says stays here when that goes.
CREATE TABLE reports (
  message_id  TEXT PRIMARY KEY,
  inbox_id    TEXT NOT NULL,
  kind        TEXT NOT NULL DEFAULT '',              -- '' it was not read yet, dmarc tls none (what is no report, or cannot be read)
  domain      TEXT NOT NULL DEFAULT '',              -- it is about
  ended_at    INTEGER NOT NULL DEFAULT 0,            -- the time that it is about; of one not read yet, 0
  data        TEXT NOT NULL DEFAULT '',              -- JSON of aggregate.Report or aggregate.TLSReport
  received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_unread ON reports (received_at) WHERE kind = '';
CREATE INDEX reports_of_domain ON reports (domain, kind, ended_at);
