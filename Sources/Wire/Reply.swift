/// How a prompt is put: PAM's four styles, and one that is answered with PAM_AUTHTOK.
public enum PromptStyle: UInt8, Sendable {
    /// Asks without showing what is typed (PAM_PROMPT_ECHO_OFF).
    case secret = 1
    /// Asks and shows what is typed (PAM_PROMPT_ECHO_ON).
    case visible = 2
    /// Says that something went wrong (PAM_ERROR_MSG); there is no answer.
    case error = 3
    /// Says something (PAM_TEXT_INFO), unless PAM_SILENT is set; there is no answer.
    case info = 4
    /// Wants the password: PAM_AUTHTOK if it is set, else what is typed at this prompt.
    case authtok = 5

    /// Whether the daemon waits for an answer.
    public var isQuestion: Bool {
        switch self {
        case .secret, .visible, .authtok: true
        case .error, .info: false
        }
    }
}

/// `prompt(style, patience, text)`: something to show, and perhaps to ask.
public struct Prompt: Sendable {
    /// How it is put.
    public let style: PromptStyle
    /// How many seconds the daemon may take with the answer; 0 means the usual ten.
    ///
    /// A factor that waits for something outside says so here, in advance.
    public let patience: UInt16
    /// What is shown.
    public let text: Field

    /// Reads a payload to its last byte, or throws `malformed`.
    public init(_ payload: Span<UInt8>) throws(WireError) {
        var cursor = Cursor()
        guard let style = try PromptStyle(rawValue: cursor.uint8(in: payload)) else { throw .malformed }
        self.style = style
        patience = try cursor.uint16(in: payload)
        text = try cursor.field(in: payload, atMost: Wire.maximumText)
        try cursor.finish(in: payload)
    }
}

/// `set(item)`: the only two things that the daemon may change in the host process.
public enum SetItem: Sendable {
    /// A variable of PAM's environment. The module takes only `TWOSTEP_[A-Z_]{1,32}` with a printable
    /// value of at most 256 bytes.
    case environment(name: Field, value: Field)
    /// PAM_AUTHTOK becomes the first so many bytes of the answer typed last. The value itself does not
    /// travel, so a subverted daemon cannot choose it.
    case authtok(prefix: Int)

    /// The longest name of a variable: `TWOSTEP_` and 32 letters.
    public static var maximumName: Int { 40 }
    /// The longest value of a variable, in bytes.
    public static var maximumValue: Int { 256 }

    /// Reads a payload to its last byte, or throws `malformed`.
    public init(_ payload: Span<UInt8>) throws(WireError) {
        var cursor = Cursor()
        switch try cursor.uint8(in: payload) {
        case 1:
            let name = try cursor.field(in: payload, atMost: SetItem.maximumName)
            let value = try cursor.field(in: payload, atMost: SetItem.maximumValue)
            self = .environment(name: name, value: value)
        case 2:
            let prefix = try Int(cursor.uint16(in: payload))
            guard prefix <= Wire.maximumAnswer else { throw .malformed }
            self = .authtok(prefix: prefix)
        case _: throw .malformed
        }
        try cursor.finish(in: payload)
    }
}

/// How a login ended, as the daemon tells the module.
///
/// The codes differ from each other in at least ten bits, so that no flipped bit turns a refusal into
/// a grant (CVE-2023-42465). An unknown code is no verdict at all.
public enum VerdictCode: UInt32, Sendable {
    /// Every owed factor was accepted, and that is on disk.
    case granted = 0x5AC3_9E17
    /// Policy waives the modules of this login, in so many words.
    case exempt = 0xA53C_61E8
    /// A factor was refused.
    case denied = 0x0F96_C3D2
    /// Tries used up, delayed or locked.
    case triesUsedUp = 0xC35A_0F66
    /// The daemon cannot tell: store, configuration, directory.
    case unavailable = 0x3369_F09C
    /// The conversation with the person failed.
    case conversationFailed = 0xF00F_55A3
    /// The PAM line says something that this daemon does not know.
    case badArgument = 0x9966_3A4D
    /// There is nothing to say about this account (pam_sm_acct_mgmt alone).
    case noOpinion = 0x6CA5_AC31
    /// The account is blocked (pam_sm_acct_mgmt alone).
    case blocked = 0x96D0_6B7F
}

/// `verdict(code, text)`: the end; the text is shown if it is not empty.
public struct VerdictFrame: Sendable {
    /// How the login ended.
    public let code: VerdictCode
    /// What is shown.
    public let text: Field

    /// Reads a payload to its last byte, or throws `malformed`.
    public init(_ payload: Span<UInt8>) throws(WireError) {
        var cursor = Cursor()
        guard let code = try VerdictCode(rawValue: cursor.uint32(in: payload)) else { throw .malformed }
        self.code = code
        text = try cursor.field(in: payload, atMost: Wire.maximumText)
        try cursor.finish(in: payload)
    }
}

extension FrameBuffer {
    /// Builds `prompt(style, patience, text)`.
    public mutating func setPrompt(_ style: PromptStyle, patience: UInt16, text: Span<UInt8>, version: UInt8) {
        start(.prompt, version: version)
        append(uint8: style.rawValue)
        append(uint16: patience)
        append(field: text, atMost: Wire.maximumText)
        finish()
    }

    /// Builds `set(environment)`.
    public mutating func setEnvironment(name: Span<UInt8>, value: Span<UInt8>, version: UInt8) {
        start(.set, version: version)
        append(uint8: 1)
        append(field: name, atMost: SetItem.maximumName)
        append(field: value, atMost: SetItem.maximumValue)
        finish()
    }

    /// Builds `set(authtok)`.
    public mutating func setAuthtok(prefix: UInt16, version: UInt8) {
        start(.set, version: version)
        append(uint8: 2)
        append(uint16: prefix)
        finish()
    }

    /// Builds `verdict(code, text)`.
    public mutating func setVerdict(_ code: VerdictCode, text: Span<UInt8>, version: UInt8) {
        start(.verdict, version: version)
        append(uint32: code.rawValue)
        append(field: text, atMost: Wire.maximumText)
        finish()
    }
}
