package import Authentication
import EnrollmentStores
import Glibc
import Synchronization

/// Where the sealing key comes from: what systemd passes in, else the key file.
///
/// It is read at the start, while the daemon may still be root, and again with every attempt to open the store until
/// it was there once. A service that was started before `twostep init` has been passed no key, and would not be
/// passed one later: the file itself is then looked at as well.
///
/// A key in a file `.new` beside it is one that `twostep rekey` carries the secrets over to. It seals from the moment it is
/// there, also after a restart half-way: what is stored must not need a key that is about to be thrown away.
package final class SealingKeySource: Sendable {
    private let credential: String?
    private let file: String
    private let ring = Mutex<KeyRing?>(nil)

    package init(keyFile: String, credentials: String?) {
        credential = credentials.map { $0 + "/twostep.key" }
        file = keyFile
    }

    /// Reads the key if it has not been read yet; a failure is told when the store is opened.
    func prepare() { _ = try? get() }

    /// Reads the file anew the next time: what it held was not the store's key.
    func forget() { ring.withLock { $0 = nil } }

    /// The keys that secrets are sealed and opened with; throws what is wrong with the key file.
    func get() throws(StoreFailure) -> KeyRing {
        if let known = ring.withLock({ $0 }) { return known }
        let made = KeyRing(try Sealer(try read()))
        // One that cannot be read fails whose secrets are sealed with it, and not everybody.
        if let next = try? readNext() { made.rotate(to: next.sealer) }
        ring.withLock { $0 = made }
        return made
    }

    private func read() throws(StoreFailure) -> SealingKey {
        guard let credential else { return try SealingKey.read(file) }
        do throws(StoreFailure) {
            return try SealingKey.read(credential)
        } catch let passedIn {
            do throws(StoreFailure) {
                return try SealingKey.read(file)
            } catch {
                throw .unreachable("\(error.description); nor was one passed in: \(passedIn.description)")
            }
        }
    }

    /// The key that is to take the place of the present one; nil if there is none.
    private func readNext() throws(StoreFailure) -> (sealer: Sealer, path: String)? {
        for path in [credential, file].compactMap({ $0.map { $0 + ".new" } }) {
            guard unsafe access(path, F_OK) == 0 else { continue }
            return (try Sealer(try SealingKey.read(path)), path)
        }
        return nil
    }

    // MARK: Rotation

    /// The keys that there are.
    struct Standing {
        /// The ids of the key that seals and of those that still open.
        let current: String
        let former: [String]
        /// The file that the daemon knows of, and the id of the key in it; nil where it has none, or none that can be read.
        let file: String
        let fileKey: String?
        /// Where a key stands that is to take the present one's place, and its id; nil where there is none.
        let next: (path: String, key: String)?
    }

    /// Looks at the files, which takes a moment; throws what is wrong with a key that is to take the present one's place.
    func standing() throws(StoreFailure) -> Standing {
        let ring = try get()
        var fileKey: String?
        if let key = try? SealingKey.read(file) { fileKey = try Sealer(key).id }
        let next = try readNext()
        return Standing(
            current: ring.current, former: ring.former, file: file, fileKey: fileKey,
            next: next.map { ($0.path, $0.sealer.id) })
    }

    /// Seals with the key that is to take the present one's place, from now on; returns its id. To be called on the writer's
    /// thread, so that nothing is stored afterwards that was sealed before.
    func adoptNext() throws(StoreFailure) -> String {
        guard let next = try readNext() else { throw .unreachable("there is no key at \(file).new") }
        try get().rotate(to: next.sealer)
        return next.sealer.id
    }

    /// Forgets the keys that nothing is sealed with any more.
    func retire() { ring.withLock { $0 }?.retire() }
}

/// The key in a file, as people tell it from others.
package enum KeyFile {
    /// The id of the key in the file at `path`; throws what is wrong with that.
    package static func id(at path: String) throws(StoreFailure) -> String {
        try Sealer(try SealingKey.read(path)).id
    }

    /// What a key file at another path has to hold: 64 hexadecimal digits and a newline.
    package static func text(at path: String) throws(StoreFailure) -> Secret { try SealingKey.read(path).text }
}
