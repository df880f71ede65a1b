import CPAM
import CPOSIX
import Foundation
import Testing

/// The module as it ships: `make` builds it before the tests run, and TWOSTEP_MODULE names another one.
enum BuiltModule {
    /// Its path, or an error that says how to get it.
    static func path() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let path =
            ProcessInfo.processInfo.environment["TWOSTEP_MODULE"]
            ?? "\(root)/.build-module/release/libpam_twostep.so"
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw PrivateFolder.Refusal(
                description: """
                    no module at \(path): build it by `make`, or by `swift build --traits Embedded --product \
                    pam_twostep -c release --scratch-path .build-module --disable-local-rpath`
                    """)
        }
        return path
    }

    /// Runs a program and returns what it printed.
    static func output(of program: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw PrivateFolder.Refusal(description: "\(program) ended with \(process.terminationStatus)")
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// A program that uses PAM: a real libpam transaction, and a person with a script.
@safe
final class ScriptedApplication {
    /// What the conversation function does at a question.
    enum Reply {
        case types(String)
        /// A secret that is made where it is handed over and stands nowhere else.
        case makes(Int, (Int) -> UInt8)
        /// The function fails.
        case fails
        /// No array of responses.
        case returnsNothing
        /// An array whose response is NULL.
        case answersNull
    }

    private let script: Script
    private let handle: OpaquePointer

    /// What the conversation function has been shown so far.
    var shown: [String] { script.shown }

    /// Opens a transaction for a service that is described in `lines`. Without a conversation function the
    /// application can neither ask nor tell.
    init(lines: [String], user: String? = "alice", conversing: Bool = true, _ replies: Reply...) throws {
        script = Script(replies)
        let folder = try PrivateFolder.make()
        try (lines.joined(separator: "\n") + "\n").write(toFile: folder + "/twostep", atomically: true, encoding: .utf8)
        var conversation = unsafe pam_conv(
            conv: conversing ? converse : nil,
            appdata_ptr: conversing ? Unmanaged.passUnretained(script).toOpaque() : nil)
        var handle: OpaquePointer?
        guard unsafe pam_start_confdir("twostep", user, &conversation, folder, &handle) == PAM_SUCCESS,
            let handle = unsafe handle
        else { throw PrivateFolder.Refusal(description: "libpam does not start") }
        unsafe self.handle = handle
    }

    deinit { _ = unsafe pam_end(handle, PAM_SUCCESS) }

    func authenticate(_ flags: Int32 = 0) -> String { name(unsafe pam_authenticate(handle, flags)) }
    func account() -> String { name(unsafe pam_acct_mgmt(handle, 0)) }
    func setCredentials(_ flags: Int32 = 0) -> String { name(unsafe pam_setcred(handle, flags)) }
    func changeToken() -> String { name(unsafe pam_chauthtok(handle, 0)) }

    func set(_ item: Int32, _ text: String) { _ = unsafe text.withCString { unsafe pam_set_item(handle, item, $0) } }

    func environment(_ variable: String) -> String? {
        unsafe pam_getenv(handle, variable).map { unsafe String(cString: $0) }
    }

    func put(_ assignment: String) { _ = unsafe pam_putenv(handle, assignment) }

    /// Hands the handle to a function of the module's that is called without libpam.
    func withHandle<Result>(_ body: (OpaquePointer?) -> Result) -> Result { unsafe body(handle) }

}

/// What a person will reply, and what they have been shown.
private final class Script {
    private var replies: [ScriptedApplication.Reply]
    private(set) var shown: [String] = []

    init(_ replies: [ScriptedApplication.Reply]) { self.replies = replies }

    func answer(_ style: Int32, _ text: String) -> ScriptedApplication.Reply? {
        shown.append(text)
        guard style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON else { return nil }
        return replies.isEmpty ? .fails : replies.removeFirst()
    }
}

private func converse(
    _ count: Int32, _ messages: UnsafeMutablePointer<UnsafePointer<pam_message>?>?,
    _ responses: UnsafeMutablePointer<UnsafeMutablePointer<pam_response>?>?, _ data: UnsafeMutableRawPointer?
) -> Int32 {
    guard count == 1, let data = unsafe data, let message = unsafe messages?[0] else { return PAM_CONV_ERR }
    let script = unsafe Unmanaged<Script>.fromOpaque(data).takeUnretainedValue()
    let text = unsafe String(cString: message.pointee.msg)
    let array = unsafe calloc(1, MemoryLayout<pam_response>.size)?.assumingMemoryBound(to: pam_response.self)
    switch unsafe script.answer(message.pointee.msg_style, text) {
    case nil, .answersNull?: break
    case .types(let typed)?: unsafe array?.pointee.resp = unsafe strdup(typed)
    case .makes(let length, let byte)?:
        let place = unsafe calloc(length + 1, 1)?.assumingMemoryBound(to: CChar.self)
        for index in 0..<length { unsafe place?[index] = CChar(bitPattern: byte(index)) }
        unsafe array?.pointee.resp = unsafe place
    case .fails?:
        unsafe free(array)
        return PAM_CONV_ERR
    case .returnsNothing?:
        unsafe free(array)
        unsafe responses?.pointee = nil
        return PAM_SUCCESS
    }
    unsafe responses?.pointee = unsafe array
    return PAM_SUCCESS
}
