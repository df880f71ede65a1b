import Administration
import Authentication
import Daemon
import Foundation

/// A machine in a folder, whose clocks, processes and programs are what a test says.
final class ScriptedStackHost: StackHost {
    let root: String
    var moment = Moment(wall: 1_700_000_000, boottime: 1_000_000, boot: 77)
    var runsSystemd = true
    var administrator = "alice"
    var ancestors: [RunningProgram] = []
    /// What programs answer, by the line that they were run with; all others succeed and say nothing.
    var answers: [String: ProgramResult] = [:]
    private(set) var runs: [String] = []

    private static let modules = [
        "permit", "twostep", "unix", "sss", "deny", "limits", "rootok", "nologin", "group", "succeed_if", "x", "y",
    ].map { "pam_\($0).so" }

    /// Has the stacks of a machine, each under its name, and the module.
    init(_ stacks: [String: String]) throws {
        root = try TemporaryFolder.make()
        for folder in ["etc/pam.d", "etc/ssh/sshd_config.d", "usr/lib/pam.d", "usr/lib/security", "var/lib"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        for module in Self.modules { try write("", "usr/lib/security/\(module)") }
        for (name, text) in stacks { try write(text, "etc/pam.d/\(name)") }
    }

    deinit { TemporaryFolder.remove(root) }

    func keyOwner(named name: String) -> KeyOwner? { KeyOwner(name: name, uid: 1000, home: "/home/\(name)") }

    func passTick() {}

    func run(_ program: String, _ arguments: [String]) -> ProgramResult? {
        let line = ([program] + arguments).joined(separator: " ")
        runs.append(line)
        return answers[program] ?? answers[line] ?? ProgramResult(succeeded: true)
    }

    func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(root)/\(path)"))
    }

    /// Nil where there is no such file.
    func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: "\(root)/\(path)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// The stacks by their names.
    var stacks: [String: String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/etc/pam.d")) ?? []
        return Dictionary(uniqueKeysWithValues: names.map { ($0, read("etc/pam.d/\($0)") ?? "") })
    }

    /// What is in the folder of the records.
    var records: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/var/lib/twostep-undo")) ?? []).sorted()
    }
}
