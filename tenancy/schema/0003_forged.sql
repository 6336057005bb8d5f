-- What becomes of mail whose author's domain asks to have it rejected (DMARC): 'reject' or 'junk'.
ALTER TABLE workspaces ADD COLUMN forged TEXT NOT NULL DEFAULT 'reject' CHECK (forged IN ('reject', 'junk'));
