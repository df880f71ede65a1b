import AuthProviders
import Authentication
import CCrypt
import Synchronization

/// crypt(3) that counts how often it is asked for a hash, and prefers the cheapest there is.
final class CountingCrypt: PasswordHashing {
    private let count = Mutex(0)
    private let failure: CryptFailure?

    /// With a `failure` it makes no hash at all.
    init(failure: CryptFailure? = nil) { self.failure = failure }

    /// How many hashes it has made.
    var hashes: Int { count.withLock { $0 } }

    func hash(_ password: Span<UInt8>, setting: Span<UInt8>) throws(CryptFailure) -> Secret {
        if let failure { throw failure }
        let hash = try Crypt().hash(password, setting: setting)
        // One that is refused at once has cost nothing.
        count.withLock { $0 += 1 }
        return hash
    }

    func preferredSetting() throws(CryptFailure) -> Secret {
        if let failure { throw failure }
        return Secret(copying: Array("$6$rounds=1000$nobodyknows".utf8).span)
    }
}
