/// One thing that an installation needs, and how it was found.
struct InstallationStep: Equatable {
    enum Outcome: Equatable {
        case created
        case present
        /// It was root's alone, as an installation by hand leaves it, and is the group's to read now.
        case handedOver
        /// It is there and not as it should be: how, and the command that would mend it.
        case differs(String, remedy: String)
    }

    /// `user`, `group`, `directory`, `configuration`, `key` or `store`.
    let kind: String
    /// A name or a path.
    let subject: String
    let outcome: Outcome

    var text: String {
        switch outcome {
        case .created: "created           \(kind) \(subject)"
        case .present: "is there already  \(kind) \(subject)"
        case .handedOver: "given to twostep  \(kind) \(subject), which was of the group root"
        case .differs(let how, let remedy): "differs           \(kind) \(subject): \(how)\n                  \(remedy)"
        }
    }

    var json: JSONValue {
        let members: [(String, JSONValue)] =
            switch outcome {
            case .created: [("outcome", .text("created")), ("difference", .null), ("remedy", .null)]
            case .present: [("outcome", .text("present")), ("difference", .null), ("remedy", .null)]
            case .handedOver: [("outcome", .text("handed_over")), ("difference", .null), ("remedy", .null)]
            case .differs(let how, let remedy):
                [("outcome", .text("differs")), ("difference", .text(how)), ("remedy", .text(remedy))]
            }
        return .object([("kind", .text(kind)), ("subject", .text(subject))] + members)
    }
}
