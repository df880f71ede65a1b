package import Authentication
import Configuration
import EnrollmentStores
import Glibc

/// Makes the empty store, as `twostep init` does; the daemon itself never makes one, since an empty store in place
/// of a lost one would say of everybody "not enrolled".
package enum StoreCreation {
    /// Makes the store in `directory`, or in the database that `configuration` names, unless one is there; returns whether it did.
    package static func createIfMissing(
        in directory: String, keyFile: String, configuration: String
    ) throws(StoreFailure) -> Bool {
        // A key that cannot be read would only show when the daemon starts.
        _ = try SealingKey.read(keyFile)
        if let settings = ConfigurationLoader.storeSettings(in: configuration), settings.kind == .postgresql {
            let place = PostgreSQLPlace(settings)
            // As the daemon's own user: the server may tell people apart by that.
            return try StateOwner.act(in: directory) { () throws(StoreFailure) in try PostgreSQLStore.create(place) }
        }
        return try StateOwner.act(in: directory) { () throws(StoreFailure) in try create(in: directory) }
    }

    private static func create(in directory: String) throws(StoreFailure) -> Bool {
        guard unsafe access(directory + "/" + SQLiteStore.fileName, F_OK) != 0 else { return false }
        try SQLiteStore.create(in: directory)
        return true
    }
}
