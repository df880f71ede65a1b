package import Authentication
internal import Cryptography

extension NotifyModule {
    /// Sends a code to the new address, which the person finishes the set-up with. It waits for that.
    ///
    /// Behind the target the payload has what the code is compared with, and until when.
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        for name in request.parameters.keys.sorted() where name != "to" && name != "by" {
            throw SetupFailure("'\(name)' is no parameter of \(id), expected to or by")
        }
        let channel = try channel(named: request.parameters["by"])
        guard let address = request.parameters["to"] else {
            throw SetupFailure("\(id) needs to, where messages go: \(channel.fault(of: "") ?? "an address")")
        }
        if let expected = channel.fault(of: address) {
            throw SetupFailure("to is no address that \(channel.kind.word) could use, expected \(expected)")
        }
        guard runner != nil, let now = request.now else { throw SetupFailure("nothing is sent here") }
        if let seconds = codes.admit(request.account, id, from: nil, settings.limit, at: now) {
            throw SetupFailure(
                "as much was sent to \(request.account) lately as may be; more may be in \(seconds) s")
        }
        let target = NotifyTarget(channel.kind, address)
        do throws(ContractFault) {
            let payload = try confirm(target, for: request, by: channel, until: now.boottime + RunningCode.longestLife)
            return Setup(
                payload: payload, uri: Secret(count: 0) { _ in }, key: Secret(count: 0) { _ in },
                confirmation: inputSchema, for: request.account)
        } catch {
            throw SetupFailure("no message has gone out: \(error.explanation)")
        }
    }

    /// The channel that a word names; the only one where none does.
    private func channel(named word: String?) throws(SetupFailure) -> any Channel {
        let words = settings.channels.map(\.kind.word)
        guard let word else {
            guard settings.channels.count == 1, let only = settings.channels.first else {
                throw SetupFailure("\(id) needs by, how messages go out: \(words.joined(separator: ", "))")
            }
            return only
        }
        guard let channel = settings.channels.first(where: { $0.kind.word == word }) else {
            throw SetupFailure("by is '\(word)', expected \(words.joined(separator: ", "))")
        }
        return channel
    }

    /// Sends a code to a target, and returns what the set-up keeps of both.
    private func confirm(
        _ target: NotifyTarget, for request: SetupRequest, by channel: any Channel, until deadline: Int64
    ) throws(ContractFault) -> Secret {
        let code = try FreshCode.make()
        let message = Message(
            purpose: .setup, module: id.description, account: request.account, device: request.device,
            service: "twostep", host: nil, machine: request.issuer, code: code)
        _ = try deliver(message, to: target, by: channel)
        return target.payload(followedBy: code.hashed.bytes.count + NotifyModule.deadlineSize) { payload, start in
            code.hashed.bytes.withBytes { bytes in
                for index in bytes.indices { payload[start + index] = bytes[index] }
                for index in 0..<NotifyModule.deadlineSize {
                    payload[start + bytes.count + index] = UInt8(truncatingIfNeeded: deadline >> Int64(56 - 8 * index))
                }
            }
        }
    }

    private static let deadlineSize = 8

    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard input.count == 1, let typed = input.withField({ FreshCode.code(typed: $0) }) else { throw .malformed }
        let target = try setup.payload.withBytes { (payload) throws(SetupRejection) -> NotifyTarget in
            guard let (target, end) = NotifyTarget.read(payload),
                payload.count == end + HashedCode.keySize + HashedCode.digestSize + NotifyModule.deadlineSize
            else { throw .unavailable }
            let codeEnd = payload.count - NotifyModule.deadlineSize
            let deadline = (codeEnd..<payload.count).reduce(Int64(0)) { $0 << 8 | Int64(payload[$1]) }
            let isRight: Bool
            do throws(CryptographyFailure) {
                isRight = try HashedCode.isRight(typed, payload.extracting(end..<codeEnd))
            } catch {
                throw .unavailable
            }
            guard isRight, now.boottime <= deadline else { throw .wrong }
            return target
        }
        return FinishedSetup(payload: target.payload(), state: 0)
    }
}
