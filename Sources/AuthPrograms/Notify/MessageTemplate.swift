internal import Authentication

/// A text of the administrator's with places for what a message is about: `{code}`, `{account}` and their like.
struct MessageTemplate: Equatable, Sendable {
    /// What may stand between braces.
    enum Placeholder: String, CaseIterable, Sendable {
        case code, account, service, host, machine, minutes
    }

    private enum Piece: Equatable, Sendable {
        case text(String)
        case value(Placeholder)
    }

    private let pieces: [Piece]

    /// How long a template may be, in bytes.
    private static let longest = 2000

    /// Reads a text; throws the place where it says something that nobody could fill in. One of a header has one line.
    init(_ setting: Setting, _ name: String, isOneLine: Bool) throws(SettingFailure) {
        guard case .text(let text, _) = setting.value, (1...MessageTemplate.longest).contains(text.utf8.count) else {
            throw SettingFailure(
                at: setting, "\(name) is \(setting.found), expected text of at most \(MessageTemplate.longest) bytes")
        }
        for scalar in text.unicodeScalars where scalar.value < 0x20 || scalar.value == 0x7F {
            guard !isOneLine, scalar == "\n" else {
                throw SettingFailure(
                    at: setting, "\(name) has a control character, expected \(isOneLine ? "one line of text" : "text")")
            }
        }
        do throws(TemplateFault) {
            pieces = try MessageTemplate.read(text)
        } catch {
            throw SettingFailure(at: setting, "\(name) has \(error.found), expected \(MessageTemplate.known)")
        }
    }

    /// A text of ours.
    init(_ text: String) { pieces = (try? MessageTemplate.read(text)) ?? [.text(text)] }

    /// Whether it has a place for this.
    func has(_ placeholder: Placeholder) -> Bool { pieces.contains(.value(placeholder)) }

    /// Writes the text with what belongs into its places; what a person or a host chose is data there and nothing else.
    func write(_ message: Message, into text: inout GrowingSecret) {
        for piece in pieces {
            switch piece {
            case .text(let words): text.append(words)
            case .value(.code): message.code.digits.withBytes { text.append($0) }
            case .value(.account): text.append(message.account.text)
            case .value(.service): text.append(message.service)
            case .value(.host): text.append(message.host ?? "this machine itself")
            case .value(.machine): text.append(message.machine)
            case .value(.minutes): text.append(String(RunningCode.longestLife / 60_000))
            }
        }
    }

    private static let known = Placeholder.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")

    private struct TemplateFault: Error {
        let found: String
    }

    private static func read(_ text: String) throws(TemplateFault) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                throw TemplateFault(found: "a '\(rest[brace])' that belongs to nothing")
            }
            let name = String(rest[rest.index(after: brace)..<end])
            guard let placeholder = Placeholder(rawValue: name) else {
                throw TemplateFault(found: "the placeholder '{\(name)}'")
            }
            pieces.append(.value(placeholder))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }
}
