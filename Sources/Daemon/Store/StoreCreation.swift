package import Authentication
import CPOSIX
import EnrollmentStores
import Glibc

/// Makes the empty store, as `twostep init` does; the daemon itself never makes one, since an empty store in place
/// of a lost one would say of everybody "not enrolled".
package enum StoreCreation {
    /// Makes the store in `directory` unless one is there; returns whether it did.
    ///
    /// Whoever is root becomes the owner of the directory for as long as it takes, so that root never writes where
    /// another user could have put a link.
    package static func createIfMissing(in directory: String, keyFile: String) throws(StoreFailure) -> Bool {
        // A key that cannot be read would only show when the daemon starts.
        _ = try SealingKey.read(keyFile)
        guard geteuid() == 0 else { return try create(in: directory) }
        var facts = posix_file_facts()
        guard unsafe posix_lstat(directory, &facts) == 0, unsafe posix_is_directory(&facts) != 0 else {
            throw .unreachable("the state directory \(directory) is not there")
        }
        guard let owner = unsafe getpwuid(facts.owner), unsafe setegid(owner.pointee.pw_gid) == 0,
            seteuid(facts.owner) == 0
        else {
            throw .unreachable("cannot become the owner of \(directory)")
        }
        defer {
            _ = seteuid(0)
            _ = setegid(0)
        }
        return try create(in: directory)
    }

    private static func create(in directory: String) throws(StoreFailure) -> Bool {
        guard unsafe access(directory + "/" + SQLiteStore.fileName, F_OK) != 0 else { return false }
        try SQLiteStore.create(in: directory)
        return true
    }
}
