internal import Authentication

/// One answer of a program, its members by name: each is taken once, and what is left over is refused.
struct ContractReply {
    private var members: [String: ContractValue]

    /// Reads what a program wrote; the version must be ours.
    init(_ output: ProgramOutput) throws(ContractFault) {
        members = try output.bytes.withBytes { (bytes) throws(ContractFault) in try ContractReader.read(bytes) }
        guard case .integer(Contract.version)? = members.removeValue(forKey: "twostep") else {
            throw ContractFault("its answer is not of version \(Contract.version): expected \"twostep\": 1")
        }
    }

    init(members: [String: ContractValue]) { self.members = members }

    /// The text of a member; nil where there is none.
    mutating func text(_ name: String) throws(ContractFault) -> ContractText? {
        switch members.removeValue(forKey: name) {
        case nil, .null?: return nil
        case .text(let text)?: return text
        case .some: throw ContractFault("\(name) is no text")
        }
    }

    /// Text that people may read, of at most `longest` bytes; nil where there is none.
    mutating func words(_ name: String, longest: Int) throws(ContractFault) -> String? {
        guard let text = try text(name)?.string else { return nil }
        guard ContractReply.isReadable(text), (1...longest).contains(text.utf8.count) else {
            throw ContractFault("\(name) is empty, too long or not printable")
        }
        return text
    }

    mutating func integer(_ name: String) throws(ContractFault) -> Int64? {
        switch members.removeValue(forKey: name) {
        case nil, .null?: return nil
        case .integer(let number)?: return number
        case .some: throw ContractFault("\(name) is no whole number")
        }
    }

    mutating func boolean(_ name: String) throws(ContractFault) -> Bool? {
        switch members.removeValue(forKey: name) {
        case nil, .null?: return nil
        case .boolean(let value)?: return value
        case .some: throw ContractFault("\(name) is neither true nor false")
        }
    }

    /// The objects of a list; nil where there is none.
    mutating func objects(_ name: String) throws(ContractFault) -> [ContractReply]? {
        switch members.removeValue(forKey: name) {
        case nil, .null?: return nil
        case .list(let values)?:
            var replies: [ContractReply] = []
            for value in values {
                guard case .object(let members) = value else { throw ContractFault("\(name) is no list of objects") }
                replies.append(ContractReply(members: members))
            }
            return replies
        case .some: throw ContractFault("\(name) is no list")
        }
    }

    /// Refuses what nobody has asked for.
    func end() throws(ContractFault) {
        guard let name = members.keys.sorted().first else { return }
        let isName = name.utf8.count <= 32 && ContractReply.isReadable(name)
        throw ContractFault("it answers \(isName ? "'\(name)'" : "a member"), which this request has not")
    }

    /// Whether nothing in a text could disturb a terminal.
    static func isReadable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
            case _: true
            }
        }
    }
}
