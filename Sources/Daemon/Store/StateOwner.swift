import Authentication
import CPOSIX
import Glibc

/// Whose a state directory is: whoever is root becomes that user for as long as something in it takes, so that root never
/// writes where another user could have put a link.
enum StateOwner {
    /// Does something in `directory` as its owner; as oneself where one is not root.
    static func act<Value>(
        in directory: String, _ body: () throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        guard geteuid() == 0 else { return try body() }
        var facts = posix_file_facts()
        guard unsafe posix_lstat(directory, &facts) == 0, unsafe posix_is_directory(&facts) != 0 else {
            throw .unreachable("the state directory \(directory) is not there")
        }
        guard let owner = unsafe getpwuid(facts.owner), unsafe setegid(owner.pointee.pw_gid) == 0,
            seteuid(facts.owner) == 0
        else {
            _ = setegid(0)
            throw .unreachable("cannot become the owner of \(directory)")
        }
        defer {
            _ = seteuid(0)
            _ = setegid(0)
        }
        return try body()
    }
}
