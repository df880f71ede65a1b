import CPAM
import UnixSocket
import Wire

/// One login's way between the application and the daemon: shows what the daemon says, sends what is typed.
///
/// It decides nothing but what the daemon may not do. Every buffer in it is overwritten when it ends.
struct Conversation: ~Copyable {
    private let daemon: Descriptor
    private let limits: TimeLimits
    private let isSilent: Bool
    private var frame = FrameBuffer.empty()
    private var text = TextBuffer.empty()
    /// The answer typed last, and one byte for its NUL. What was taken from PAM_AUTHTOK never gets here.
    private var typed = FixedBytes<512>.empty()
    /// The version that the daemon picked with its first frame, or 0.
    private var version: UInt8 = 0
    private var prompts = 0
    private var messages = 0
    private var sets = 0
    private var wantedAuthtok = false

    /// `daemon` is connected, and has been checked.
    init(with daemon: consuming Descriptor, flags: CInt, limits: TimeLimits) {
        self.daemon = daemon
        self.limits = limits
        isSilent = UInt32(bitPattern: flags) & PAM_SILENT != 0
    }

    /// Sends `request`, and goes on until the daemon's verdict or until something goes wrong.
    mutating func run<Transaction: PAMTransaction & ~Copyable>(
        _ request: borrowing Request, for transaction: inout Transaction
    ) -> Ending {
        defer {
            typed.clear()
            frame.clear()
            text.clear()
        }
        do throws(WireError) {
            request.build(in: &frame, for: transaction)
            try daemon.send(frame, before: .after(milliseconds: limits.reply))
            var patience = limits.reply
            // A frame that lies there before its question was answered is no reply to the answer.
            var isEarly = false
            while true {
                let kind = try receive(within: patience)
                patience = limits.reply
                guard !isEarly || kind == .verdict else { return .overstepped(.outOfTurn) }
                switch kind {
                case .begin, .answer, .unusable, .cancel: throw .malformed
                case .verdict: return try verdict(isEarly: isEarly, request: request, for: &transaction)
                case .set:
                    if let ending = try set(for: &transaction) { return ending }
                case .prompt:
                    let prompt = try frame.withPayload { (payload) throws(WireError) in try Prompt(payload) }
                    patience = limits.limit(afterAnnounced: prompt.patience)
                    if !prompt.style.isQuestion {
                        if let ending = say(prompt, for: &transaction) { return ending }
                        continue
                    }
                    prompts &+= 1
                    messages = 0
                    guard prompts <= Wire.maximumPrompts else { return .overstepped(.tooManyPrompts) }
                    switch ask(prompt, for: &transaction) {
                    case .failed:
                        // The daemon learns at once that nobody will answer; whether it still listens is no matter.
                        frame.setBare(.cancel, version: version)
                        try? daemon.send(frame, before: .after(milliseconds: limits.reply))
                        return .conversationFailed
                    case .refusedByPAM: return .refusedByPAM
                    case .ready:
                        isEarly = daemon.hasInput()
                        if !isEarly { try daemon.send(frame, before: .after(milliseconds: limits.reply)) }
                    }
                    // What was sent is not kept for as long as the daemon thinks about it.
                    frame.clear()
                }
            }
        } catch {
            return .unreachable(error)
        }
    }

    /// Receives the next frame and judges its version: the first one picks, and the others keep to it.
    private mutating func receive(within milliseconds: Int64) throws(WireError) -> FrameKind {
        let header = try daemon.receive(into: &frame, before: .after(milliseconds: milliseconds))
        let isKnown =
            version == 0
            ? header.version >= Wire.versions.lowerBound && header.version <= Wire.versions.upperBound
            : header.version == version
        guard isKnown else { throw .unknownVersion(header.version) }
        version = header.version
        return header.kind
    }

    /// Copies the printable part of a field of the received frame to a text.
    private static func take(
        _ field: Field, of frame: borrowing FrameBuffer, newlines: Bool, into text: inout TextBuffer
    ) {
        text.clear()
        frame.withPayload { payload in
            field.withBytes(in: payload) { text.append(printable: $0, newlines: newlines) }
        }
    }

    // MARK: Prompts

    /// Shows a message that asks for nothing. Whether the application could show it is no matter: what cannot
    /// show a message cannot put a question either, and will fail there.
    private mutating func say<Transaction: PAMTransaction & ~Copyable>(
        _ prompt: Prompt, for transaction: inout Transaction
    ) -> Ending? {
        messages &+= 1
        guard messages <= Wire.maximumMessagesBetweenPrompts else { return .overstepped(.tooManyMessages) }
        let isError = prompt.style == .error
        guard isError || !isSilent else { return nil }
        Conversation.take(prompt.text, of: frame, newlines: true, into: &text)
        _ = transaction.converse(isError ? .error : .info, &text) { _ in }
        return nil
    }

    private enum Asked {
        /// The frame to send is built.
        case ready
        /// The conversation failed.
        case failed
        case refusedByPAM
    }

    /// Gets an answer and builds the frame that tells the daemon.
    private mutating func ask<Transaction: PAMTransaction & ~Copyable>(
        _ prompt: Prompt, for transaction: inout Transaction
    ) -> Asked {
        if prompt.style == .authtok {
            // The password that is there is offered once. A provider that asks again has found it wrong.
            let isFirst = !wantedAuthtok
            wantedAuthtok = true
            if isFirst, answerWithAuthtok(of: transaction) { return .ready }
        }
        Conversation.take(prompt.text, of: frame, newlines: true, into: &text)
        typed.clear()
        var fits = false
        let went = transaction.converse(prompt.style == .visible ? .visible : .secret, &text) { answer in
            fits = answer.count <= Wire.maximumAnswer && typed.append(contentsOf: answer)
        }
        guard went else { return .failed }
        guard fits else {
            frame.setBare(.unusable, version: version)
            return .ready
        }
        if prompt.style == .authtok {
            // Left behind as pam_get_authtok(3) does, for the lines below this one.
            guard unsafe typed.withCString({ unsafe transaction.setAuthtok($0) }) else { return .refusedByPAM }
        } else if isAuthtok(of: transaction) {
            // sshd's password method answers every question with the password.
            typed.clear()
            frame.setBare(.unusable, version: version)
            return .ready
        }
        let built = typed.withBytes { frame.setAnswer($0, version: version) }
        if !built { frame.setBare(.unusable, version: version) }
        return .ready
    }

    /// Builds the answer from PAM_AUTHTOK; false if it is not set.
    private mutating func answerWithAuthtok<Transaction: PAMTransaction & ~Copyable>(
        of transaction: borrowing Transaction
    ) -> Bool {
        var isSet = false
        transaction.withItem(.authtok) { token in
            guard !token.isEmpty else { return }
            isSet = true
            if !frame.setAnswer(token, version: version) { frame.setBare(.unusable, version: version) }
        }
        return isSet
    }

    private func isAuthtok<Transaction: PAMTransaction & ~Copyable>(of transaction: borrowing Transaction) -> Bool {
        var isSame = false
        transaction.withItem(.authtok) { token in
            guard !token.isEmpty else { return }
            isSame = typed.withBytes { isEqual($0, token) }
        }
        return isSame
    }

    // MARK: What the daemon sets

    /// Does what a `set` asks for, or returns how that ends the conversation.
    private mutating func set<Transaction: PAMTransaction & ~Copyable>(
        for transaction: inout Transaction
    ) throws(WireError) -> Ending? {
        sets &+= 1
        guard sets <= Wire.maximumSets else { return .overstepped(.tooManySets) }
        switch try frame.withPayload({ (payload) throws(WireError) in try SetItem(payload) }) {
        case .environment(let name, let value):
            let isAllowed = Conversation.assign(name, value, of: frame, into: &text)
            guard isAllowed else { return .overstepped(.environment) }
            let isSet = unsafe text.withCString { unsafe transaction.setEnvironment($0) }
            return isSet ? nil : .refusedByPAM
        case .authtok(let prefix):
            guard prefix > 0, prefix <= typed.count else { return .overstepped(.authtok) }
            let isSet = unsafe typed.withCString(first: prefix) { unsafe transaction.setAuthtok($0) }
            return isSet ? nil : .refusedByPAM
        }
    }

    /// Writes NAME=value to a text; false if the module does not take it.
    private static func assign(
        _ name: Field, _ value: Field, of frame: borrowing FrameBuffer, into text: inout TextBuffer
    ) -> Bool {
        text.clear()
        return frame.withPayload { payload in
            let isNamed = name.withBytes(in: payload) {
                SetItem.isAllowed(name: $0) && text.append(contentsOf: $0) && text.append(0x3D)
            }
            return isNamed
                && value.withBytes(in: payload) {
                    PrintableText.isClean($0, newlines: false) && text.append(contentsOf: $0)
                }
        }
    }

    // MARK: The end

    /// Reads the verdict, checks that it is about the user who is being logged in, and shows its text.
    private mutating func verdict<Transaction: PAMTransaction & ~Copyable>(
        isEarly: Bool, request: borrowing Request, for transaction: inout Transaction
    ) throws(WireError) -> Ending {
        let verdict = try frame.withPayload { (payload) throws(WireError) in try VerdictFrame(payload) }
        switch verdict.code {
        case .granted, .exempt, .noOpinion:
            guard !isEarly else { return .overstepped(.outOfTurn) }
            var isSame = false
            transaction.withItem(.user) { isSame = request.isAbout($0) }
            guard isSame else { return .wrongUser(.changed) }
            if !isSilent { show(verdict.text, as: .info, for: &transaction) }
        case .denied, .triesUsedUp, .unavailable, .conversationFailed, .badArgument, .blocked:
            // sudo sets PAM_SILENT always; why somebody is refused is shown all the same.
            show(verdict.text, as: .error, for: &transaction)
        }
        return .verdict(verdict.code)
    }

    private mutating func show<Transaction: PAMTransaction & ~Copyable>(
        _ field: Field, as style: MessageStyle, for transaction: inout Transaction
    ) {
        Conversation.take(field, of: frame, newlines: false, into: &text)
        guard text.count > 0 else { return }
        _ = transaction.converse(style, &text) { _ in }
    }
}

extension SetItem {
    /// Whether the module takes a variable of this name: `TWOSTEP_` and 1 to 32 of A to Z and `_`.
    static func isAllowed(name: Span<UInt8>) -> Bool {
        let prefix: StaticString = "TWOSTEP_"
        let length = prefix.utf8CodeUnitCount
        guard name.count > length, name.count <= SetItem.maximumName else { return false }
        let isOurs = prefix.withBytes { expected in
            name.withPart(from: 0, count: length) { isEqual($0, expected) }
        }
        guard isOurs else { return false }
        var index = length
        while let character = name.byte(at: index) {
            guard (0x41...0x5A).contains(character) || character == 0x5F else { return false }
            index &+= 1
        }
        return true
    }
}
