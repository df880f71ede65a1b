internal import Authentication

/// What a program says of itself (`describe`): its form, and what people are told.
struct ProgramDescription: Equatable, Sendable {
    let schema: InputSchema
    let refusal: String?
    /// Whether people enrol with it.
    let hasSetup: Bool

    init(_ reply: consuming ContractReply, of kind: ProgramName.Kind) throws(ContractFault) {
        guard let objects = try reply.objects("fields") else { throw ContractFault("it describes no fields") }
        schema = try ProgramDescription.schema(objects, of: kind)
        guard !schema.fields.isEmpty else { throw ContractFault("it describes no fields") }
        refusal = try reply.words("refusal", longest: 200)
        hasSetup = kind == .module ? try reply.boolean("setup") ?? false : false
        try reply.end()
    }

    /// The form that a list of fields makes.
    static func schema(
        _ objects: [ContractReply], of kind: ProgramName.Kind
    ) throws(ContractFault) -> InputSchema {
        guard objects.count <= Contract.mostFields else {
            throw ContractFault("it describes more than \(Contract.mostFields) fields")
        }
        var fields: [InputField] = []
        for object in objects {
            var object = object
            guard let name = try object.words("name", longest: 32), name.utf8.allSatisfy(isOfName) else {
                throw ContractFault("a field has no name of lower-case letters, digits and '_'")
            }
            guard !fields.contains(where: { $0.name == name }) else { throw ContractFault("two fields are '\(name)'") }
            guard let label = try object.words("label", longest: 100) else {
                throw ContractFault("the field '\(name)' has no label")
            }
            let isRequired = try object.boolean("required") ?? true
            let kindOfField: InputField.Kind
            switch try object.words("kind", longest: 16) ?? "secret" {
            case "secret": kindOfField = .secret
            case "visible": kindOfField = .visible
            // Only what proves the first factor may be given the account's password.
            case "password" where kind == .provider: kindOfField = .password
            case _: throw ContractFault("the field '\(name)' is of a kind that there is not")
            }
            try object.end()
            fields.append(InputField(name: name, label: label, kind: kindOfField, isRequired: isRequired))
        }
        return InputSchema(fields)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        case _: false
        }
    }
}
