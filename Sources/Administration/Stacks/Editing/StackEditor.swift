import AdminProtocol
import PAMStacks

/// Puts our line into a service's file and takes it out again; every other byte stays.
struct StackEditor {
    let tree: StackTree

    /// Before a line of somebody else's that is not to be run.
    static let silenced = "#twostep# "

    /// The line above ours.
    static func remark(_ service: String) -> String {
        "# Written by \"twostep enable \(service)\"; \"twostep disable \(service)\" takes it back."
    }

    /// Modules that ask for a password and check it.
    private static let passwordModules: Set<String> = [
        "pam_unix.so", "pam_sss.so", "pam_ldap.so", "pam_krb5.so", "pam_winbind.so", "pam_systemd_home.so",
        "pam_pwdfile.so", "pam_tcb.so", "pam_userdb.so", "pam_himmelblau.so",
    ]
    /// Files that include each other in a circle have no end.
    private static let mostIncludes = 16

    // MARK: In

    /// The file with a code asked for; throws where there is no place for it, or none that is safe.
    func enabling(
        _ file: StackFile, _ shape: StackShape, service: String
    ) throws(CommandFailure) -> [UInt8] {
        guard !file.isCutOff else { throw refusal("\(file.path) ends within a line.", file, shape) }
        let checks = file.lines.filter { checksPassword($0, depth: 0) }
        guard let last = checks.last else {
            throw refusal(
                "\(file.path) has no line that checks a password, so there is no place after it.", file, shape)
        }
        let jumping = file.lines.filter { $0.group == .auth && ($0.control?.jumps ?? false) }
        switch shape {
        case .key:
            if let line = jumping.first {
                throw refusal(
                    "\(file.path):\(line.lines.lowerBound) counts the lines that it passes over, so none may be taken out "
                        + "there.", file, shape)
            }
        case .behindPassword, .console:
            if let line = jumping.first(where: { $0.lines.lowerBound <= last.lines.upperBound }) {
                throw refusal(
                    "\(file.path):\(line.lines.lowerBound) counts the lines that it passes over, so none may come "
                        + "between.", file, shape)
            }
        }
        var lines = StackEditor.split(file.bytes)
        let added = [StackEditor.remark(service)] + shape.lines
        lines.insert(contentsOf: added.map { Array($0.utf8) }, at: last.lines.upperBound)
        if shape == .key {
            for number in checks.flatMap(\.lines) {
                lines[number - 1] = Array(StackEditor.silenced.utf8) + lines[number - 1]
            }
        }
        return StackEditor.join(lines)
    }

    private func refusal(_ message: String, _ file: StackFile, _ shape: StackShape) -> CommandFailure {
        CommandFailure(
            .refused, code: .stack, "\(message) Nothing was changed.",
            hint: "Write it by hand, then see twostep check. The lines to write:\n"
                + shape.lines.map { "    \($0)" }.joined(separator: "\n"))
    }

    // MARK: What lines say

    /// Whether a line, or what it includes, checks a password.
    func checksPassword(_ line: StackLine, depth: Int) -> Bool {
        names(line, depth: depth) { StackEditor.passwordModules.contains($0) }
    }

    /// Whether the file asks for a code by itself or by what it includes.
    func namesOurs(_ file: StackFile) -> Bool {
        file.lines.contains { names($0, depth: 0) { $0 == "pam_twostep.so" } }
    }

    /// Whether the auth lines that stand in a line's place name such a module.
    private func names(_ line: StackLine, depth: Int, _ isMeant: (String) -> Bool) -> Bool {
        switch line.content {
        case .module: return line.group == .auth && line.module.map(isMeant) ?? false
        case .broken: return false
        case .include(let name), .substack(let name):
            guard line.group == .auth else { return false }
            return includes(name, depth: depth, isMeant)
        case .wholeFile(let name): return includes(name, depth: depth, isMeant)
        }
    }

    private func includes(_ name: String, depth: Int, _ isMeant: (String) -> Bool) -> Bool {
        guard depth < StackEditor.mostIncludes, let file = tree.file(named: name) else { return false }
        return file.lines.contains { names($0, depth: depth + 1, isMeant) }
    }

    // MARK: Bytes

    /// The bytes between newlines; the last has none behind it.
    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// The same again.
    static func join(_ lines: [[UInt8]]) -> [UInt8] { Array(lines.joined(separator: [UInt8(ascii: "\n")])) }
}

extension ServiceGroup {
    /// What a service's group is called.
    static func name(of service: String) -> String {
        ServiceName(argument: service).map { ServiceGroup($0).name } ?? service
    }
}

extension AdminRefusal.Kind {
    /// A stack cannot be changed as it was asked for.
    static let stack = AdminRefusal.Kind(rawValue: "stack")
    /// A change waits for its confirmation, or there is none that does.
    static let pending = AdminRefusal.Kind(rawValue: "pending")
    /// Somebody who could come back in is missing.
    static let lockout = AdminRefusal.Kind(rawValue: "lockout")
}
