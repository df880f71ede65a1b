import Foundation
import PAMModule
import Wire

/// An application that sets what it likes, answers what it likes, and changes its mind in between.
final class HostileApplication: PAMTransaction {
    private var items: [PAMItem: [UInt8]] = [:]
    private var environment: [String: [UInt8]] = [:]
    private let takesItems: Bool
    private let hasUser: Bool
    private var answers: [(kind: UInt8, bytes: [UInt8])] = []

    private(set) var shown: [(style: MessageStyle, text: [UInt8])] = []
    private(set) var typed: [[UInt8]] = []
    private(set) var authtoks: [[UInt8]] = []
    private(set) var assignments: [[UInt8]] = []
    /// PAM_USER as the module has seen it last.
    private(set) var lastUserRead: [UInt8] = []
    /// Whether PAM_AUTHTOK has been another one in between.
    private(set) var hasChangedAuthtok = false
    private(set) var journalled = 0
    /// Whether the module has come as far as its first frame, which it builds once it is connected.
    private(set) var wasConnected = false

    init(_ tape: inout Tape) {
        let choices = tape.byte()
        takesItems = choices & 1 == 0
        hasUser = choices & 2 == 0
        items[.service] = choices & 4 == 0 ? Array("sshd".utf8) : tape.chunk()
        items[.user] = choices & 8 == 0 ? Array("alice".utf8) : tape.chunk()
        if choices & 16 != 0 { items[.authtok] = HostileApplication.text(tape.chunk()) }
        if choices & 32 != 0 {
            for item in [PAMItem.remoteHost, .terminal, .remoteUser] { items[item] = tape.chunk() }
        }
        if choices & 64 != 0 {
            environment = ["SSH_CONNECTION": tape.chunk(), "SSH_AUTH_INFO_0": tape.chunk()]
        }
        for _ in 0..<(tape.byte() & 0x3F) where !tape.isAtEnd { answers.append((tape.byte(), tape.chunk())) }
    }

    /// PAM's items and answers are C's strings.
    private static func text(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix { $0 != 0 }) }

    /// PAM_AUTHTOK as it is now.
    var authtok: [UInt8] { items[.authtok] ?? [] }

    func askUser(_ body: (Span<UInt8>) -> Void) -> Bool {
        guard hasUser else { return false }
        let bytes = items[.user] ?? []
        body(bytes.span)
        return true
    }

    func withItem(_ item: PAMItem, _ body: (Span<UInt8>) -> Void) {
        if item == .remoteHost { wasConnected = true }
        let bytes = items[item] ?? []
        if item == .user { lastUserRead = bytes }
        body(bytes.span)
    }

    func withEnvironment(_ name: StaticString, _ body: (Span<UInt8>) -> Void) {
        let bytes = environment["\(name)"] ?? []
        body(bytes.span)
    }

    func converse(_ style: MessageStyle, _ text: inout TextBuffer, _ body: (Span<UInt8>) -> Void) -> Bool {
        shown.append((style, text.withBytes { $0.array }))
        let answer = answers.isEmpty ? (kind: 0, bytes: [0x78]) : answers.removeFirst()
        switch answer.kind & 0x0F {
        case 1: return false
        case 2: items[.user] = answer.bytes
        case 3:
            items[.authtok] = HostileApplication.text(answer.bytes)
            hasChangedAuthtok = true
        case 4: items[.user] = nil
        case _: break
        }
        switch style {
        case .error, .info: return answer.kind & 0x10 == 0
        case .secret, .visible: break
        }
        // What was typed is the password, or longer than anything may be.
        var bytes = answer.kind & 0x10 == 0 ? HostileApplication.text(answer.bytes) : authtok
        if answer.kind & 0x20 != 0 { bytes = (0..<4).flatMap { _ in bytes } }
        typed.append(bytes)
        body(bytes.span)
        return true
    }

    func setAuthtok(_ token: UnsafePointer<CChar>) -> Bool {
        guard takesItems else { return false }
        let bytes = unsafe Array(UnsafeBufferPointer(start: token, count: strlen(token))).map { UInt8(bitPattern: $0) }
        items[.authtok] = bytes
        authtoks.append(bytes)
        return true
    }

    func setEnvironment(_ assignment: UnsafePointer<CChar>) -> Bool {
        guard takesItems else { return false }
        let bytes = unsafe UnsafeBufferPointer(start: assignment, count: strlen(assignment))
        unsafe assignments.append(bytes.map { UInt8(bitPattern: $0) })
        return true
    }

    func journal(_ priority: JournalPriority, _ line: inout TextBuffer, errno: Int32) {
        shown.append((.info, line.withBytes { $0.array }))
        journalled += 1
    }
}
