-- How domains are proven, and what their DNS says.
ALTER TABLE domains ADD COLUMN proof TEXT NOT NULL DEFAULT '';       -- operator dns; '' of what never was verified
ALTER TABLE domains ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN check_due INTEGER NOT NULL DEFAULT 0; -- 0: it is not asked any more
ALTER TABLE domains ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;    -- how often it was asked since it was claimed, lost, or asked for by hand
ALTER TABLE domains ADD COLUMN report TEXT NOT NULL DEFAULT '';      -- JSON of who asks
ALTER TABLE domains ADD COLUMN away_since INTEGER NOT NULL DEFAULT 0; -- since when nothing of a verified one points here
ALTER TABLE domains ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;     -- it was proven while another workspace had it verified
UPDATE domains SET proof = 'operator' WHERE status = 'verified';
UPDATE domains SET check_due = created_at;
CREATE INDEX domains_by_check ON domains (check_due) WHERE check_due > 0;
