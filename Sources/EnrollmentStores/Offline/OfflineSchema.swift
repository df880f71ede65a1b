extension Schema {
    /// What a copy of a server's tables knows of itself, and what was spent with it that the server has not heard of yet. In the
    /// store of a single machine these stay empty.
    static let offline = """
        CREATE TABLE freshness (
            one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
            -- Which database, and which of its lives.
            origin TEXT NOT NULL,
            -- All of the server's transactions before this one are in the copy.
            watermark INTEGER NOT NULL,
            wall INTEGER NOT NULL,
            boottime INTEGER NOT NULL,
            boot INTEGER NOT NULL,
            seen INTEGER NOT NULL
        ) WITHOUT ROWID;

        -- An account that somebody has logged in to, or tried to, while the server was away. What was sent is not added to any more:
        -- the server may have it.
        CREATE TABLE pending (
            id TEXT NOT NULL PRIMARY KEY,
            account TEXT NOT NULL,
            sent INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX pending_account ON pending (account);

        -- How many failures are to be added there.
        CREATE TABLE pending_factor (
            id TEXT NOT NULL,
            module_type TEXT NOT NULL,
            module_id TEXT NOT NULL,
            added INTEGER NOT NULL,
            PRIMARY KEY (id, module_type, module_id)
        ) WITHOUT ROWID;
        """
}

extension ServerSchema {
    /// What daemons with a copy ask for: whose rows have changed in which transaction, and what of theirs was taken over already.
    ///
    /// By triggers, so that no statement of any version forgets it.
    static let changes = """
        CREATE TABLE twostep.change (
            -- An account, or a username of a provider's.
            kind text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            transaction bigint NOT NULL,
            PRIMARY KEY (kind, name)
        );
        CREATE INDEX change_transaction ON twostep.change (transaction);

        CREATE FUNCTION twostep.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            changed text := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ->> TG_ARGV[1] ELSE to_jsonb(NEW) ->> TG_ARGV[1] END;
            present bigint := pg_current_xact_id()::text::bigint;
        BEGIN
            INSERT INTO twostep.change AS known (kind, name, transaction) VALUES (TG_ARGV[0], changed, present)
            ON CONFLICT (kind, name) DO UPDATE SET transaction = present WHERE known.transaction <> present;
            RETURN NULL;
        END $$;

        CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON twostep.device
            FOR EACH ROW EXECUTE FUNCTION twostep.note_change('account', 'account');
        CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON twostep.factor
            FOR EACH ROW EXECUTE FUNCTION twostep.note_change('account', 'account');
        CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON twostep.block
            FOR EACH ROW EXECUTE FUNCTION twostep.note_change('account', 'account');
        CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON twostep.credential
            FOR EACH ROW EXECUTE FUNCTION twostep.note_change('account', 'account');
        CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON twostep.person
            FOR EACH ROW EXECUTE FUNCTION twostep.note_change('user', 'username');

        CREATE TABLE twostep.reconciliation (
            id text COLLATE "C" PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now()
        );
        """
}
