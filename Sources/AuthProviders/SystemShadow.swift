package import Authentication
internal import CCrypt
internal import CPOSIX
internal import Glibc

/// The system's own shadow database, through the name service switch (getspnam_r(3)).
package struct SystemShadow: ShadowDatabase {
    /// The longest entry that is read, in bytes.
    private static let longestEntry = 65_536

    package init() {}

    /// Opens the file before it asks for an entry: where another source stands behind `files` in nsswitch.conf
    /// (Debian's `files systemd`), a file that cannot be read would come out as "no such account".
    package func hash(of account: AccountName) throws(ShadowFailure) -> Secret? {
        let file = unsafe open("/etc/shadow", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(posix_errno()) }
        close(file)
        return try entry(of: account.text)
    }

    /// The hash field of one entry; nil if the answer is that there is none.
    private func entry(of name: String) throws(ShadowFailure) -> Secret? {
        let size = SystemShadow.longestEntry
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
        unsafe buffer.initialize(repeating: 0, count: size)
        defer {
            unsafe posix_wipe(buffer, size)
            unsafe buffer.deallocate()
        }
        var entry = unsafe spwd()
        var found: UnsafeMutablePointer<spwd>?
        let error = unsafe name.withCString { unsafe getspnam_r($0, &entry, buffer, size, &found) }
        guard error == 0 else { throw failure(error) }
        guard unsafe found != nil else { return nil }
        // An entry without the field is an account without a password, not an account that is not there.
        guard let hash = unsafe entry.sp_pwdp else { return Secret(count: 0) { _ in } }
        let length = unsafe strlen(hash)
        return unsafe hash.withMemoryRebound(to: UInt8.self, capacity: length) {
            unsafe Secret(copying: Span(_unsafeElements: UnsafeBufferPointer(start: $0, count: length)))
        }
    }

    private func failure(_ error: Int32) -> ShadowFailure {
        error == EACCES || error == EPERM ? .notReadable : .failed(error)
    }
}
