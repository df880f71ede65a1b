/// The tables, as steps from each version to the next. A step that has been released is never changed.
package struct Schema: Sendable {
    /// What makes version n of version n - 1, for n from 1.
    package let steps: [String]

    package init(steps: [String]) { self.steps = steps }

    /// The version that all steps lead to.
    package var version: Int { steps.count }

    /// `Tw2S`: how SQLite's header and file(1) know a store of Twostep's.
    static let applicationID = 0x5477_3253

    package static let current = Schema(steps: [first, users, activity, blocks, marks + "\n" + offline])

    /// Names are compared byte for byte (BINARY). An absent id is the empty text, which no id may be.
    /// Tables without rowid hold a record in one B-tree, so that finding it is one descent.
    private static let first = """
        CREATE TABLE device (
            account TEXT NOT NULL,
            module_type TEXT NOT NULL,
            module_id TEXT NOT NULL,
            device TEXT NOT NULL,
            uid INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            -- What is spent, and its bitwise complement: a bit that flips on the disk must not revive a code.
            state INTEGER NOT NULL,
            state_check INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER,
            PRIMARY KEY (account, module_type, module_id, device)
        ) WITHOUT ROWID;

        CREATE TABLE factor (
            account TEXT NOT NULL,
            module_type TEXT NOT NULL,
            module_id TEXT NOT NULL,
            failures INTEGER NOT NULL,
            failed_wall INTEGER NOT NULL,
            failed_boottime INTEGER NOT NULL,
            failed_boot INTEGER NOT NULL,
            PRIMARY KEY (account, module_type, module_id)
        ) WITHOUT ROWID;

        CREATE TABLE host (
            prefix TEXT NOT NULL PRIMARY KEY,
            failures INTEGER NOT NULL,
            since INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX host_since ON host (since);

        -- An attempt that changes nothing else counts here: every attempt writes, whatever the name was.
        CREATE TABLE tally (
            name TEXT NOT NULL PRIMARY KEY,
            count INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE credential (
            provider_type TEXT NOT NULL,
            provider_id TEXT NOT NULL,
            username TEXT NOT NULL,
            account TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (provider_type, provider_id, username)
        ) WITHOUT ROWID;
        """

    /// What reports and notices say of an account's logins. Nothing decides by it.
    private static let activity = """
        CREATE TABLE activity (
            account TEXT NOT NULL PRIMARY KEY,
            -- The last login that was let in, and how: 0 granted, 1 exempt, 2 skipped, 3 by the first factor alone.
            visited_at INTEGER,
            service TEXT,
            host TEXT,
            way INTEGER,
            -- When one was last refused for want of an enrolment.
            unenrolled_at INTEGER
        ) WITHOUT ROWID;
        """

    /// Users of the providers that keep their own. An account is opened by one username of a provider, which no store
    /// has ever had otherwise: the index says so, and finds it.
    private static let users = """
        CREATE TABLE user (
            provider_type TEXT NOT NULL,
            provider_id TEXT NOT NULL,
            username TEXT NOT NULL,
            sealed BLOB NOT NULL,
            changed_at INTEGER NOT NULL,
            PRIMARY KEY (provider_type, provider_id, username)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX credential_account ON credential (provider_type, provider_id, account);
        """
}
