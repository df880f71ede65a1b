internal import Authentication

extension Program {
    /// What a program has answered to a question about somebody.
    package enum Verdict: Equatable, Sendable {
        /// It names a user, who is yet to be compared with whoever was asked about.
        case accepted(user: String, device: String?, state: Int64?, notice: String?)
        case wrong
        case malformed
        /// Why it cannot be told, in a sentence for the journal.
        case unavailable(String)
    }
}

extension Program.Verdict {
    init(_ reply: consuming ContractReply) throws(ContractFault) {
        guard let word = try reply.text("verdict")?.string else { throw ContractFault("it answers no verdict") }
        switch word {
        case "accepted":
            guard let user = try reply.text("user")?.string else {
                throw ContractFault("it accepts an answer and does not say whose")
            }
            self = .accepted(
                user: user, device: try reply.text("device")?.string, state: try reply.integer("state"),
                notice: try reply.words("notice", longest: 200))
        case "wrong": self = .wrong
        case "malformed": self = .malformed
        case "unavailable":
            self = .unavailable(try reply.words("reason", longest: 200) ?? "it cannot tell, and does not say why")
        case _: throw ContractFault("its verdict is none that there is")
        }
        try reply.end()
    }
}
