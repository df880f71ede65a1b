import CFIDO2
import SecurityKeyProtocol

/// The security keys that this machine has now, as libfido2 finds them.
@safe
struct PluggedInKeys: ~Copyable {
    private static let most = 16
    private let list: OpaquePointer?
    private let count: Int

    init() {
        var count = 0
        let list = unsafe fido_dev_info_new(PluggedInKeys.most)
        let found = unsafe fido_dev_info_manifest(list, PluggedInKeys.most, &count)
        unsafe self.list = list
        self.count = found == FIDO_OK ? min(count, PluggedInKeys.most) : 0
    }

    deinit {
        var list = unsafe list
        unsafe fido_dev_info_free(&list, PluggedInKeys.most)
    }

    /// Has them asked.
    func answer(_ question: SecurityKeyQuestion) -> SecurityKeyAnswer {
        guard count > 0 else { return .refused(.noKey) }
        switch question.wish {
        case .assertion(let credentials): return assertion(question, credentials)
        case .registration(let user, let handle):
            guard count == 1 else { return .refused(.several) }
            guard let key = open(0) else { return .failed("a security key is plugged in that cannot be opened") }
            return key.register(question, user: user, handle: handle)
        }
    }

    /// A signature of the first key that has one of the credentials.
    private func assertion(_ question: SecurityKeyQuestion, _ credentials: [[UInt8]]) -> SecurityKeyAnswer {
        var opened = 0
        for index in 0..<count {
            guard let key = open(index) else { continue }
            opened += 1
            for credential in credentials {
                guard !Waiting.isCancelled else { return .refused(.notTouched) }
                if key.has(credential, for: question) { return key.assert(question, by: credential) }
            }
        }
        return opened == 0
            ? .failed("a security key is plugged in that cannot be opened") : .refused(.notHeld)
    }

    private func open(_ index: Int) -> SecurityKey? {
        guard let information = unsafe fido_dev_info_ptr(list, index) else { return nil }
        return unsafe SecurityKey(information)
    }
}
