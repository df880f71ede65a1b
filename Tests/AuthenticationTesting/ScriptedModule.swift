package import Authentication

/// A module whose answers say what it does with them:
///
/// - `right`, `right 7`: accepts; with a number it spends that state on the first device
/// - `wrong`, `malformed`, `replayed`, `broken`: throws that
/// - `as NAME`: returns another username
/// - what begins with `?` is not of its alphabet
///
/// Whatever the answer, it first opens the first device, and an account without one is not enrolled.
package struct ScriptedModule: AuthModule {
    package let id: ModuleID
    package let isLowEntropy: Bool
    package let resetsThrottle: Bool
    package let inputSchema = InputSchema([InputField(name: "code", label: "Code", kind: .secret)])
    package let refusal = "That was not right."

    package init(_ id: ModuleID = ModuleID("scripted"), isLowEntropy: Bool = true, resetsThrottle: Bool = false) {
        self.id = id
        self.isLowEntropy = isLowEntropy
        self.resetsThrottle = resetsThrottle
    }

    package func recognizes(_ input: UserInput) -> Bool { !ScriptedModule.text(of: input).hasPrefix("?") }

    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard !devices.isEmpty else { throw .notEnrolled }
        let payload = try devices.withPayload(of: 0) { (bytes) throws(InvalidAuth) in bytes.count }
        guard payload > 0 else { throw .unavailable }
        let words = ScriptedModule.text(of: input).split(separator: " ")
        switch words.first {
        case "right":
            if words.count > 1, let state = Int64(words[1]) { try devices.spend(0, state: state, at: now) }
            return session.account
        case "as":
            try devices.spend(0, state: .max, at: now)
            guard words.count > 1, let other = AccountName(String(words[1])) else { throw .unavailable }
            return other
        case "malformed": throw .malformed
        case "replayed": throw .replayed
        case "broken": throw .unavailable
        case _: throw .wrong
        }
    }

    private static func text(of input: UserInput) -> String {
        input.withField { span in
            var bytes: [UInt8] = []
            for index in span.indices { bytes.append(span[index]) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension Attempt.Answer {
    /// An answer as it would be typed.
    package static func typed(_ text: String) -> Attempt.Answer {
        let bytes = Array(text.utf8)
        return .input(UserInput(Secret(copying: bytes.span)))
    }
}
