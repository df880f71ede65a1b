import Authentication
import EnrollmentStores
import Synchronization

/// Where the sealing key comes from: what systemd passes in, else the key file.
///
/// It is read at the start, while the daemon may still be root, and again with every attempt to open the store until
/// it was there once.
final class SealingKeySource: Sendable {
    let path: String
    private let sealer = Mutex<Sealer?>(nil)

    init(_ options: DaemonOptions, credentials: String?) {
        path = credentials.map { $0 + "/twostep.key" } ?? options.keyFile
    }

    /// Reads the key if it has not been read yet; a failure is told when the store is opened.
    func prepare() { _ = try? get() }

    /// Reads the file anew the next time: what it held was not the store's key.
    func forget() { sealer.withLock { $0 = nil } }

    /// The sealer under the key; throws what is wrong with the key file.
    func get() throws(StoreFailure) -> Sealer {
        if let known = sealer.withLock({ $0 }) { return known }
        let made = try Sealer(try SealingKey.read(path))
        sealer.withLock { $0 = made }
        return made
    }
}
