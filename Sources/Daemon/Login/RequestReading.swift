package import Authentication
import UnixSocket
package import Wire

/// What a `begin` says, bounded and validated: where bytes from outside become the heart's words.
package enum RequestReading {
    case request(LoginRequest)
    /// The PAM line says something that is not known here.
    case badArgument(String, LoginRequest)

    /// Nil if the account's name or the service's is none: nobody is called that.
    package init?(_ begin: Begin, _ payload: Span<UInt8>, _ rule: PeerRule) {
        guard let account = AccountName(payload.extracting(begin.user.range(in: payload.count))) else { return nil }
        guard let service = RequestReading.text(begin.service, in: payload) else { return nil }
        if case .itself(let uid) = rule {
            self = .request(.ofAccountItself(account, service: service, uid: uid))
            return
        }
        var request = LoginRequest(service: service, account: account)
        request.remoteHost = RequestReading.remoteHost(begin, payload, service: service)
        if service == "sshd", let connection = RequestReading.text(begin.connection, in: payload),
            let host = RequestReading.text(begin.remoteHost, in: payload)
        {
            request.connection = SSHConnection(connection, host: host)
        }
        request.terminal = RequestReading.text(begin.terminal, in: payload)
        request.remoteUser = RequestReading.text(begin.remoteUser, in: payload)
        request.evidence.hasAuthtok = begin.hasAuthtok
        for index in 0..<begin.evidence.count {
            guard let line = RequestReading.text(begin.evidence.field(at: index), in: payload) else { continue }
            request.evidence.methods.append(line)
        }
        for index in 0..<begin.arguments.count {
            let argument = RequestReading.text(begin.arguments.field(at: index), in: payload) ?? ""
            guard let provider = RequestReading.provider(argument), request.provider == nil else {
                self = .badArgument(argument, request)
                return
            }
            request.provider = provider
        }
        self = .request(request)
    }

    /// `provider=TYPE` or `provider=TYPE:ID`.
    private static func provider(_ argument: String) -> ProviderID? {
        let prefix = "provider="
        guard argument.hasPrefix(prefix) else { return nil }
        let parts = argument.dropFirst(prefix.count).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let type = parts.first, !type.isEmpty else { return nil }
        guard parts.count == 1 || !parts[1].isEmpty else { return nil }
        return ProviderID(String(type), id: parts.count == 2 ? String(parts[1]) : nil)
    }

    /// For sshd the address of SSH_CONNECTION, since PAM_RHOST may be a name that the client's side chose.
    private static func remoteHost(_ begin: Begin, _ payload: Span<UInt8>, service: String) -> String? {
        if service == "sshd", let connection = text(begin.connection, in: payload),
            IPAddress(sshConnection: connection) != nil
        {
            return String(connection.prefix { $0 != " " })
        }
        return text(begin.remoteHost, in: payload)
    }

    /// A field as text; nil if it is empty or not printable.
    private static func text(_ field: Field, in payload: Span<UInt8>) -> String? {
        let bytes = payload.extracting(field.range(in: payload.count))
        guard bytes.count > 0, PrintableText.isClean(bytes, newlines: false) else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension LoginRequest {
    /// A request of the account itself. Of what it says only the name and the answers count; the service only selects
    /// texts and modules.
    static func ofAccountItself(_ account: AccountName, service: String, uid: UInt32) -> LoginRequest {
        LoginRequest(
            service: service, account: account, evidence: Evidence(isAccountItself: true),
            origin: .accountItself(uid: uid))
    }
}

extension Field {
    /// Where the field's bytes lie in a payload of so many; nothing if it does not lie there at all.
    fileprivate func range(in count: Int) -> Range<Int> {
        guard start >= 0, self.count >= 0, start <= count, self.count <= count - start else { return 0..<0 }
        return start..<(start + self.count)
    }
}
