import Authentication
import EnrollmentStores
import Synchronization

/// Where the sealing key comes from: what systemd passes in, else the key file.
///
/// It is read at the start, while the daemon may still be root, and again with every attempt to open the store until
/// it was there once. A service that was started before `twostep init` has been passed no key, and would not be
/// passed one later: the file itself is then looked at as well.
final class SealingKeySource: Sendable {
    private let credential: String?
    private let file: String
    private let sealer = Mutex<Sealer?>(nil)

    init(keyFile: String, credentials: String?) {
        credential = credentials.map { $0 + "/twostep.key" }
        file = keyFile
    }

    /// Reads the key if it has not been read yet; a failure is told when the store is opened.
    func prepare() { _ = try? get() }

    /// Reads the file anew the next time: what it held was not the store's key.
    func forget() { sealer.withLock { $0 = nil } }

    /// The sealer under the key; throws what is wrong with the key file.
    func get() throws(StoreFailure) -> Sealer {
        if let known = sealer.withLock({ $0 }) { return known }
        let made = try Sealer(try read())
        sealer.withLock { $0 = made }
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
}
