internal import Authentication

extension Program {
    /// What a program makes for a new device: what it wants to be given back, what is shown, and the form that finishes it.
    /// It has `seconds` for it, or its own time where that is nil.
    func beginSetup(of account: AccountName, device: String, within seconds: Int?) throws(ContractFault) -> Setup {
        var line = ContractLine("begin_setup", to: name)
        line.member("user", account.text)
        line.member("device", device)
        var reply = try ask(line, within: seconds)
        guard let objects = try reply.objects("fields") else {
            throw ContractFault("it says no fields to finish it with")
        }
        let form = try ProgramDescription.schema(objects, of: .module)
        guard !form.fields.isEmpty else { throw ContractFault("it says no fields to finish it with") }
        let payload = try Program.payload(&reply) ?? Secret(count: 0) { _ in }
        let uri = try Program.shown(&reply, "uri")
        let key = try Program.shown(&reply, "key")
        try reply.end()
        return Setup(payload: payload, uri: uri, key: key, confirmation: form, for: account)
    }

    /// What a program keeps of a device whose form was filled in.
    func finishSetup(_ setup: borrowing Setup, _ input: UserInput) throws(SetupRejection) -> FinishedSetup {
        do throws(ContractFault) {
            var line = ContractLine("finish_setup", to: name)
            if let account = setup.chooser { line.member("user", account.text) }
            setup.payload.withBytes { line.member("payload", $0) }
            line.answers(input, to: setup.confirmation)
            var reply = try ask(line)
            switch try reply.text("verdict")?.string {
            case "accepted":
                guard let payload = try Program.payload(&reply), payload.count > 0 else {
                    throw ContractFault("it accepts a set-up and gives nothing to be kept")
                }
                let state = try reply.integer("state") ?? 0
                try reply.end()
                return FinishedSetup(payload: payload, state: state)
            case "wrong": throw ContractFault(rejection: .wrong)
            case "malformed": throw ContractFault(rejection: .malformed)
            case "unacceptable":
                let reason = try reply.words("reason", longest: 200) ?? "That will not do."
                throw ContractFault(rejection: .unacceptable(reason))
            case _: throw ContractFault(rejection: .unavailable)
            }
        } catch {
            throw error.rejection ?? .unavailable
        }
    }

    private static func payload(_ reply: inout ContractReply) throws(ContractFault) -> Secret? {
        guard let text = try reply.text("payload") else { return nil }
        guard text.bytes.count <= Contract.longestPayload else {
            throw ContractFault("its payload is longer than \(Contract.longestPayload) bytes")
        }
        return text.bytes.withBytes { Secret(copying: $0) }
    }

    /// Something that a person is shown once; empty where there is nothing.
    private static func shown(_ reply: inout ContractReply, _ name: String) throws(ContractFault) -> Secret {
        guard let text = try reply.text(name) else { return Secret(count: 0) { _ in } }
        return try text.bytes.withBytes { (bytes) throws(ContractFault) in
            guard bytes.count <= Contract.longestPayload,
                bytes.indices.allSatisfy({ (0x21...0x7E).contains(bytes[$0]) })
            else { throw ContractFault("its \(name) has blanks, or is longer than \(Contract.longestPayload) bytes") }
            return Secret(copying: bytes)
        }
    }
}
