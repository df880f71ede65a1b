package import Authentication
import EnrollmentStores
import Glibc

/// Makes the empty store, as `twostep init` does; the daemon itself never makes one, since an empty store in place
/// of a lost one would say of everybody "not enrolled".
package enum StoreCreation {
    /// Makes the store in `directory` unless one is there; returns whether it did.
    package static func createIfMissing(in directory: String, keyFile: String) throws(StoreFailure) -> Bool {
        // A key that cannot be read would only show when the daemon starts.
        _ = try SealingKey.read(keyFile)
        return try StateOwner.act(in: directory) { () throws(StoreFailure) in try create(in: directory) }
    }

    private static func create(in directory: String) throws(StoreFailure) -> Bool {
        guard unsafe access(directory + "/" + SQLiteStore.fileName, F_OK) != 0 else { return false }
        try SQLiteStore.create(in: directory)
        return true
    }
}
