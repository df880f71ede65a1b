package import Authentication
import Configuration
import EnrollmentStores
import Glibc

/// The store while no daemon has it, for those verbs that look at it themselves.
package enum OfflineStore {
    /// What the configuration names as the store, where that is a database whose administrators look after it; nil where it is
    /// Twostep's own file, and where the configuration cannot be read.
    package static func database(in configuration: String) -> String? {
        guard let settings = ConfigurationLoader.storeSettings(in: configuration), settings.kind == .postgresql else {
            return nil
        }
        return PostgreSQLPlace(settings).description
    }

    /// What is said of such a database by verbs that work on files.
    package static func elsewhere(_ database: String) -> String {
        "The store is a database (\(database)), which is copied, restored and checked by PostgreSQL's own programs (pg_dump, pg_restore, pg_amcheck)."
    }

    /// What is wrong with the store in `directory`, in sentences; throws if nothing can be told.
    package static func findings(in directory: String, keyFile: String) throws(StoreFailure) -> [String] {
        let keys = try SealingKeySource(keyFile: keyFile, credentials: nil).get()
        return try StateOwner.act(in: directory) { () throws(StoreFailure) in
            try SQLiteStore.findings(in: directory, sealing: keys)
        }
    }
}

/// A backup on its way into the state directory: nothing is changed until `commit`.
package final class PreparedRestoration {
    private let restoration: StoreRestoration
    private let directory: String
    /// What would come of it.
    package var outlook: RestorationOutlook { restoration.outlook }

    /// Looks at the backup that `descriptor` has open; `now` in Unix seconds. `keyFile` is the backup's key, and `storeKeyFile`
    /// the store's, with which it is sealed anew where that can be read. Throws `inUse` while a daemon has the store,
    /// and what is wrong with the backup or the key.
    package init(
        in directory: String, from descriptor: Int32, keyFile: String, storeKeyFile: String, at now: Int64
    ) throws(StoreFailure) {
        // Read while that is still allowed: the file may be root's alone.
        let own = try SealingKeySource(keyFile: keyFile, credentials: nil).get()
        var keys = own
        // One that cannot be used is thrown: the daemon would be left with it.
        if storeKeyFile != keyFile, unsafe access(storeKeyFile, F_OK) == 0 {
            keys = try PreparedRestoration.keys(
                own, orOfStore: try SealingKeySource(keyFile: storeKeyFile, credentials: nil).get(), in: directory,
                storeKeyFile)
        }
        self.directory = directory
        restoration = try StateOwner.act(in: directory) { () throws(StoreFailure) in
            try StoreRestoration(in: directory, from: descriptor, sealing: keys, at: now)
        }
    }

    /// The keys to seal with. The store's own key file may have been left behind where systemd has come to pass in another:
    /// the key that counts is the one that the present store is sealed with, as far as there is one.
    private static func keys(
        _ own: KeyRing, orOfStore stored: KeyRing, in directory: String, _ storeKeyFile: String
    ) throws(StoreFailure) -> KeyRing {
        let (isStores, isOwn) = try StateOwner.act(in: directory) { () throws(StoreFailure) -> (Bool?, Bool?) in
            let isStores = try StoreRestoration.opensPresent(in: directory, sealing: stored)
            guard isStores == false else { return (isStores, nil) }
            return (isStores, try StoreRestoration.opensPresent(in: directory, sealing: own))
        }
        guard isStores == false else {
            stored.admit(own)
            return stored
        }
        guard isOwn != false else {
            throw .sealedWithAnotherKey(
                "the present store is sealed with a key that is neither the backup's nor the one in \(storeKeyFile), so that it "
                    + "is not known which one twostepd has; if it is the backup's, move that file away first")
        }
        return own
    }

    /// Where the present store was moved to, in words; nil where it was not, or that cannot be told.
    package static func heir(ofStoreIn directory: String) -> String? {
        try? StateOwner.act(in: directory) { () throws(StoreFailure) in StoreRestoration.heir(of: directory) }
    }

    /// Puts it in the place of the present store; tells where that is now, nil where there was none.
    package func commit() throws(StoreFailure) -> String? {
        try StateOwner.act(in: directory) { () throws(StoreFailure) in try restoration.commit() }
    }
}
