internal import Authentication

/// A JSON value (RFC 8259) of what a program has answered: no fractions, no depth, no name twice.
indirect enum ContractValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case text(ContractText)
    case list([ContractValue])
    case object([String: ContractValue])
}

/// A string of JSON, its escapes resolved: valid UTF-8, in memory that is wiped.
final class ContractText: Sendable {
    let bytes: Secret

    init(_ bytes: consuming Secret) { self.bytes = bytes }

    /// The text, for what is no secret.
    var string: String { bytes.withBytes { String(utf8: $0) ?? "" } }
}

/// Why an answer is none: a sentence for the journal, which repeats nothing of it.
struct ContractFault: Error, Equatable, Sendable {
    let explanation: String
    /// Whether nothing was answered, rather than something that is none of the contract's.
    let isOutage: Bool
    /// What a set-up that is not finished is told, where the program has said so.
    let rejection: SetupRejection?

    init(_ explanation: String, isOutage: Bool = false) {
        self.explanation = explanation
        self.isOutage = isOutage
        rejection = nil
    }

    init(rejection: SetupRejection) {
        explanation = "it does not finish the set-up"
        isOutage = false
        self.rejection = rejection
    }
}

extension String {
    /// The text that valid UTF-8 is; nil for what is none.
    init?(utf8 bytes: Span<UInt8>) {
        guard let valid = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: valid)
    }
}
