/// The tables on a PostgreSQL server, as steps from each version to the next. A step that has been released is never changed.
///
/// Daemons of two versions may use one database: a step adds what the newer one needs, and what the older one needs goes with a
/// later step. Each step says which is the oldest version that it leaves in working order.
package struct ServerSchema: Sendable {
    /// What makes the next version.
    package struct Step: Sendable {
        package let sql: String
        /// The oldest version whose Twostep can go on using the database after this step.
        package let oldest: Int64

        package init(_ sql: String, oldest: Int64) {
            self.sql = sql
            self.oldest = oldest
        }
    }

    package let steps: [Step]

    package init(steps: [Step]) { self.steps = steps }

    /// The version that all steps lead to.
    package var version: Int64 { Int64(steps.count) }

    package static let current = ServerSchema(
        steps: [Step(first, oldest: 1), sharing, Step(marks + "\n" + changes, oldest: 1), ancestry])

    /// How many locks there are for accounts and hosts; every version must have the same.
    static let stripes: UInt64 = 4096

    /// Texts are compared and sorted byte for byte ("C"). An absent id is the empty text, which no id may be.
    private static let first = """
        CREATE SCHEMA twostep;

        CREATE TABLE twostep.version (
            version bigint PRIMARY KEY,
            -- The oldest version that may go on using the database.
            oldest bigint NOT NULL,
            made_at timestamptz NOT NULL DEFAULT now()
        );

        CREATE TABLE twostep.device (
            account text COLLATE "C" NOT NULL,
            module_type text COLLATE "C" NOT NULL,
            module_id text COLLATE "C" NOT NULL,
            device text COLLATE "C" NOT NULL,
            uid bigint NOT NULL,
            sealed bytea NOT NULL,
            -- What is spent, and its bitwise complement: a bit that flips on the disk must not revive a code.
            state bigint NOT NULL,
            state_check bigint NOT NULL,
            created_at bigint NOT NULL,
            last_used_at bigint,
            PRIMARY KEY (account, module_type, module_id, device)
        );

        CREATE TABLE twostep.factor (
            account text COLLATE "C" NOT NULL,
            module_type text COLLATE "C" NOT NULL,
            module_id text COLLATE "C" NOT NULL,
            failures bigint NOT NULL,
            failed_wall bigint NOT NULL,
            failed_boottime bigint NOT NULL,
            failed_boot bigint NOT NULL,
            PRIMARY KEY (account, module_type, module_id)
        );

        CREATE TABLE twostep.host (
            prefix text COLLATE "C" PRIMARY KEY,
            failures bigint NOT NULL,
            since bigint NOT NULL
        );
        CREATE INDEX host_since ON twostep.host (since);

        -- What a transaction of logins holds on to: the stripe of each account and each host in it, in the order of their
        -- ids. An account without failures has no row that could be locked, and two daemons must not count from nothing at once.
        CREATE TABLE twostep.stripe (
            id bigint PRIMARY KEY,
            -- An attempt that changes nothing else counts here: every attempt writes, whatever the name was.
            traceless bigint NOT NULL DEFAULT 0
        );
        INSERT INTO twostep.stripe (id) SELECT generate_series(0, 4095);

        CREATE TABLE twostep.credential (
            provider_type text COLLATE "C" NOT NULL,
            provider_id text COLLATE "C" NOT NULL,
            username text COLLATE "C" NOT NULL,
            account text COLLATE "C" NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (provider_type, provider_id, username),
            UNIQUE (provider_type, provider_id, account)
        );

        CREATE TABLE twostep.person (
            provider_type text COLLATE "C" NOT NULL,
            provider_id text COLLATE "C" NOT NULL,
            username text COLLATE "C" NOT NULL,
            sealed bytea NOT NULL,
            changed_at bigint NOT NULL,
            PRIMARY KEY (provider_type, provider_id, username)
        );

        -- What reports and notices say of an account's logins. Nothing decides by it.
        CREATE TABLE twostep.activity (
            account text COLLATE "C" PRIMARY KEY,
            -- The last login that was let in, and how: 0 granted, 1 exempt, 2 skipped, 3 by the first factor alone.
            visited_at bigint,
            service text,
            host text,
            way bigint,
            -- When one was last refused for want of an enrolment.
            unenrolled_at bigint
        );

        CREATE TABLE twostep.block (
            account text COLLATE "C" PRIMARY KEY,
            reason text NOT NULL,
            since bigint NOT NULL
        );

        -- Whose rights an administrator has changed lately, for the other daemons, which remember some.
        CREATE TABLE twostep.notice (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            account text COLLATE "C" NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE INDEX notice_at ON twostep.notice (at);
        """

    /// Who shares the database, and notices that say whether failures were forgotten.
    private static let sharing = Step(
        """
        -- A daemon that was there lately, by its host and its state directory. Nothing decides by it.
        CREATE TABLE twostep.daemon (
            host text COLLATE "C" NOT NULL,
            place text COLLATE "C" NOT NULL,
            version text NOT NULL,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (host, place)
        );
        -- Failures of names that no directory knows are counted by each daemon for itself.
        ALTER TABLE twostep.notice ADD COLUMN unlocks boolean NOT NULL DEFAULT false;
        """, oldest: 1)
}
