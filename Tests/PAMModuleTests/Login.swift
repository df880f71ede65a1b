import CPAM
import Foundation
import PAMModule
import Wire

/// Runs one call of the module's as libpam would, with the words of its line.
func serve(
    _ stage: Stage = .authenticate, flags: Int32 = 0, line: [String], limits: TimeLimits = .patient,
    for transaction: ScriptedTransaction
) -> CInt {
    var words: [UnsafePointer<CChar>?] = unsafe line.map { unsafe UnsafePointer(strdup($0)) }
    defer { unsafe words.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
    var transaction = transaction
    return unsafe words.withUnsafeMutableBufferPointer { words in
        unsafe serve(
            stage, flags: flags, count: CInt(words.count), arguments: words.baseAddress, limits: limits,
            for: &transaction)
    }
}

/// Runs one call against a daemon; what the module sent is in `frames`.
func serve(
    _ stage: Stage = .authenticate, flags: Int32 = 0, line: [String] = [], limits: TimeLimits = .patient,
    for transaction: ScriptedTransaction, by scene: @escaping @Sendable (FakeConnection) throws -> Void
) throws -> (status: CInt, frames: [[UInt8]]) {
    let daemon = try FakeDaemon(scene)
    let status = serve(stage, flags: flags, line: ["socket=\(daemon.path)"] + line, limits: limits, for: transaction)
    return (status, daemon.end())
}

extension TimeLimits {
    /// Long enough for a busy machine: nothing that is tested waits for it.
    static var patient: TimeLimits { TimeLimits(connect: 20_000, reply: 20_000, patience: 20_000) }

    /// For the cases that wait until the time is over.
    static var short: TimeLimits { TimeLimits(connect: 300, reply: 300, patience: 600) }
}

/// PAM's codes by their names, so that a failed expectation can be read.
func name(_ code: CInt) -> String {
    switch code {
    case PAM_SUCCESS: "PAM_SUCCESS"
    case PAM_IGNORE: "PAM_IGNORE"
    case PAM_AUTH_ERR: "PAM_AUTH_ERR"
    case PAM_AUTHINFO_UNAVAIL: "PAM_AUTHINFO_UNAVAIL"
    case PAM_AUTHTOK_ERR: "PAM_AUTHTOK_ERR"
    case PAM_CONV_ERR: "PAM_CONV_ERR"
    case PAM_MAXTRIES: "PAM_MAXTRIES"
    case PAM_PERM_DENIED: "PAM_PERM_DENIED"
    case PAM_SERVICE_ERR: "PAM_SERVICE_ERR"
    case PAM_SYSTEM_ERR: "PAM_SYSTEM_ERR"
    case let other: "\(other)"
    }
}

/// The kinds of the frames that the module sent.
func kinds(_ frames: [[UInt8]]) -> [FrameKind?] { frames.map { FrameKind(rawValue: $0[5]) } }

/// What is behind a frame's header.
func payload(_ frame: [UInt8]?) -> [UInt8] { Array((frame ?? []).dropFirst(Wire.headerSize)) }
