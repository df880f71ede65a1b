import Foundation
import Testing
import Wire

/// twostep-wire(7) is the protocol's description: its example is decoded by the real code, and its numbers
/// are the real ones.
@Suite struct ManualPageTests {
    private let page: String

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: root.appendingPathComponent("packaging/man/twostep-wire.7"), encoding: .utf8)
    }

    /// The frames of the hexdump: each begins at offset 0.
    private func example() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for line in page.split(separator: "\n") {
            let words = line.prefix { $0 != "|" }.split(separator: " ")
            guard let first = words.first, first.count == 8, let offset = Int(first, radix: 16) else { continue }
            if offset == 0 { frames.append([]) }
            guard let last = frames.indices.last, frames[last].count == offset else { continue }
            frames[last] += words.dropFirst().compactMap { UInt8($0, radix: 16) }
        }
        return frames
    }

    @Test func `the example is a conversation that the real code reads`() throws {
        var begin = BeginFields()
        begin.remoteHost = "192.0.2.7"
        begin.terminal = "ssh"
        begin.connection = "192.0.2.7 50000 192.0.2.1 22"
        begin.evidence = ["publickey ssh-ed25519"]
        #expect(
            try example().map { frame in try Decoded(frame) } == [
                .begin(begin),
                .prompt(.secret, patience: 0, text: "Verification code: "),
                .answer("287082".bytes),
                .environment(name: "TWOSTEP_MODULES", value: "totp"),
                .verdict(.granted, text: ""),
            ])
    }

    @Test func `the example is what the real code writes`() {
        var begin = BeginFields()
        begin.remoteHost = "192.0.2.7"
        begin.terminal = "ssh"
        begin.connection = "192.0.2.7 50000 192.0.2.1 22"
        begin.evidence = ["publickey ssh-ed25519"]
        #expect(
            example() == [
                begin.frame(), Samples.prompt(.secret, "Verification code: "), Samples.answer("287082".bytes),
                Samples.environment("TWOSTEP_MODULES", "totp"), Samples.verdict(.granted),
            ])
    }

    @Test(arguments: allVerdictCodes) func `has every verdict with its code`(code: VerdictCode) {
        let digits = String(code.rawValue, radix: 16)
        let row = ".It \(code) Ta 0x" + String(repeating: "0", count: 8 - digits.count) + digits + " Ta "
        #expect(page.contains(row), "\(row)")
    }

    @Test func `has every kind of frame and every style with its code`() {
        for kind in [FrameKind.begin, .answer, .unusable, .cancel, .prompt, .set, .verdict] {
            let digits = String(kind.rawValue, radix: 16)
            #expect(page.contains(".It \(kind) Ta 0x\(digits.count == 1 ? "0" : "")\(digits) Ta "))
        }
        for style in [PromptStyle.secret, .visible, .error, .info, .authtok] {
            #expect(page.contains(".It \(style) Ta \(style.rawValue) Ta "))
        }
    }

    @Test func `has the limits that hold`() {
        let rows: [(String, Int)] = [
            ("service", Begin.maximumService), ("user", Wire.maximumName), ("remote host", Wire.maximumName),
            ("terminal", Begin.maximumTerminal), ("remote user", Wire.maximumName),
            ("connection", Begin.maximumConnection),
        ]
        for (field, limit) in rows { #expect(page.contains(".It \(field) Ta \(limit) Ta "), "\(field)") }
        #expect(page.contains(".It evidence Ta \(Begin.maximumEvidenceLines) of \(Begin.maximumEvidenceLine) Ta "))
        #expect(page.contains(".It arguments Ta \(Begin.maximumArguments) of \(Begin.maximumArgument) Ta "))
        let words = page.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("at most \(Wire.maximumPrompts) questions"))
        #expect(words.contains("at most \(Wire.maximumMessagesBetweenPrompts) messages between two of them"))
        #expect(words.contains("more than \(Wire.maximumPatience) means \(Wire.maximumPatience)"))
        #expect(words.contains("\(Wire.replySeconds) seconds for each frame"))
        #expect(words.contains("what was typed, 0 to \(Wire.maximumAnswer) bytes"))
        #expect(words.contains("a \(Wire.maximumSets + 1)th .Ic set"))
        #expect(words.contains("This page describes version \(Wire.versions.upperBound)."))
    }
}
