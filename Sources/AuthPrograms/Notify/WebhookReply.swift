internal import Authentication

/// What a web service has answered: a body, and behind it the status that curl(1) adds.
struct WebhookReply {
    /// What has come of a request to approve.
    enum Answer: Equatable {
        case approved(number: Int64)
        case denied
        case pending
    }

    private var reply: ContractReply

    /// Reads the object that a body is.
    init(_ output: ProgramOutput) throws(ContractFault) {
        reply = try output.bytes.withBytes { (bytes) throws(ContractFault) in
            let end = try WebhookReply.endOfBody(in: bytes)
            return ContractReply(members: try ContractReader.read(bytes.extracting(0..<end)))
        }
    }

    /// Where the body of an answer of the 200s ends; throws for any other, a redirection as well.
    static func endOfBody(in output: Span<UInt8>) throws(ContractFault) -> Int {
        // A line end and three digits.
        let end = output.count - 4
        guard end >= 0, output[end] == UInt8(ascii: "\n") else { throw ContractFault("it was answered nothing") }
        var status = 0
        for index in (end + 1)..<output.count {
            guard (0x30...0x39).contains(output[index]) else { throw ContractFault("it was answered nothing") }
            status = status * 10 + Int(output[index] - 0x30)
        }
        guard (200...299).contains(status) else { throw ContractFault("the web service has answered \(status)") }
        return end
    }

    /// The address at which the answer can be asked for.
    consuming func status() throws(ContractFault) -> String {
        guard let status = try reply.text("status")?.string else {
            throw ContractFault("the web service says no status to be asked for")
        }
        try reply.end()
        return status
    }

    /// What was answered to the request of this reference; throws for everything that is not known.
    consuming func answer(to reference: String) throws(ContractFault) -> Answer {
        guard try reply.text("reference")?.string == reference else {
            throw ContractFault("the web service answers another request")
        }
        let number = try reply.integer("number")
        let answer: Answer
        switch try reply.text("answer")?.string {
        case "approved":
            guard let number else { throw ContractFault("the web service approves without a number") }
            answer = .approved(number: number)
        case "denied": answer = .denied
        case "pending": answer = .pending
        case _: throw ContractFault("the web service's answer is none that there is")
        }
        try reply.end()
        return answer
    }
}
