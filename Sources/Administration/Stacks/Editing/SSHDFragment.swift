import AdminProtocol
import Daemon
import PAMStacks

/// What sshd has to be told so that it asks PAM for the code.
struct SSHDFragment {
    /// A key and a code, or the password and a code.
    let hasKeys: Bool
    /// Whether the administrator has said which of them, and has not just left it at that.
    var isChosen = false

    /// Where the settings are written, and read by sshd_config's own Include.
    static let path = "/etc/ssh/sshd_config.d/twostep.conf"
    private static let main = "/etc/ssh/sshd_config"
    private static let folder = "/etc/ssh/sshd_config.d"

    /// The file, word for word the one that ships among the examples.
    var text: String { hasKeys ? SSHDFragment.withKeys : SSHDFragment.withPasswords }

    /// Whether these bytes are a file of ours that nobody has changed.
    static func isOurs(_ bytes: [UInt8]) -> Bool {
        [withKeys, withPasswords].contains { bytes.elementsEqual($0.utf8) }
    }

    /// What is left of a file of ours that somebody has edited, without our lines; nil where nothing is that says
    /// anything.
    ///
    /// A keyword of ours is ours whatever its value, as is the one that a remark of ours invites to: it was written for
    /// logins with a code. What a Match line begins is somebody else's.
    static func stripped(_ bytes: [UInt8]) -> [UInt8]? {
        let texts = [withKeys, withPasswords].flatMap { $0.split(separator: "\n") }
        let remarks = Set(texts.filter { $0.hasPrefix("#") })
        var keywords = Set(texts.filter { !$0.hasPrefix("#") }.compactMap(keyword))
        keywords.insert("permitrootlogin")
        var isInBlock = false
        var saysAnything = false
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let kept = lines.filter { line in
            guard !remarks.contains(line) else { return false }
            guard let keyword = keyword(line) else { return true }
            if keyword == "match" { isInBlock = true }
            guard isInBlock || !keywords.contains(keyword) else { return false }
            saysAnything = true
            return true
        }
        return saysAnything ? Array(kept.joined(separator: "\n").utf8) : nil
    }

    /// The keyword of a line in small letters; nil for a remark or an empty one.
    private static func keyword(_ line: Substring) -> String? {
        guard let word = line.split(whereSeparator: { " \t=\r".contains($0) }).first, !word.hasPrefix("#") else {
            return nil
        }
        return word.lowercased()
    }

    /// What sshd must say of itself then.
    private var expected: [(key: String, value: String)] {
        [
            ("usepam", "yes"), ("kbdinteractiveauthentication", "yes"), ("passwordauthentication", "no"),
            ("authenticationmethods", hasKeys ? "publickey,keyboard-interactive:pam" : "keyboard-interactive:pam"),
        ]
    }

    // MARK: Trying

    /// Has sshd read its configuration with the settings in it, in a folder of its own, and throws where it would not do
    /// what they say, for everybody and for those whom each Match line is for. Returns what is worth a thought all the
    /// same. `after`: the files as they will be.
    func check(_ after: StackTree, _ host: any StackHost) throws(CommandFailure) -> [String] {
        let tree = after.files
        guard let main = tree.contents(of: SSHDFragment.main) else {
            throw CommandFailure(
                .refused, code: .stack, "\(SSHDFragment.main) cannot be read. Nothing was changed.",
                hint: "Is openssh-server installed?")
        }
        let draft = try TemporaryTree.make()
        guard let redirected = SSHDFragment.redirect(main, to: draft.path) else {
            throw CommandFailure(
                .refused, code: .stack,
                "\(SSHDFragment.main) does not read the folder \(SSHDFragment.folder). Nothing was changed.",
                hint: "Write this line at its top: Include \(SSHDFragment.folder)/*.conf")
        }
        try draft.write(redirected, as: "sshd_config")
        for name in tree.names(in: SSHDFragment.folder) where !name.hasPrefix(".") && name != "twostep.conf" {
            guard let bytes = tree.contents(of: "\(SSHDFragment.folder)/\(name)") else { continue }
            try draft.write(bytes, as: "sshd_config.d/\(name)")
        }
        try draft.write(Array(text.utf8), as: "sshd_config.d/twostep.conf")
        guard let result = host.run("sshd", ["-T", "-f", "\(draft.path)/sshd_config"]) else {
            throw CommandFailure(
                .refused, code: .stack, "There is no sshd on this machine. Nothing was changed.",
                hint: "Install openssh-server first.")
        }
        guard result.succeeded else {
            throw CommandFailure(
                .refused, code: .stack, "sshd refuses its configuration with the lines in it. Nothing was changed.",
                hint: result.output.trimmingSuffix(while: \.isNewline))
        }
        let lines = result.output.split(separator: "\n")
        for (key, value) in expected where !lines.contains("\(key) \(value)") {
            let found = lines.first { $0.hasPrefix("\(key) ") }.map(String.init) ?? "nothing about \(key)"
            throw CommandFailure(
                .refused, code: .stack,
                "sshd would still have '\(found)' in place of '\(key) \(value)': a line that it reads before says so. "
                    + "Nothing was changed.",
                hint:
                    "Find it, and put a # before it: grep -rniE '^ *\(key)' \(SSHDFragment.main) \(SSHDFragment.folder)"
            )
        }
        let program = DraftSSHD(host: host, configuration: "\(draft.path)/sshd_config")
        let findings = SSHDFindings(tree: after, program: program, isRoot: true, policy: nil).findings()
        let problems = findings.filter { $0.severity == .problem }
        guard problems.isEmpty else {
            throw CommandFailure(
                .refused, code: .stack, "sshd would not do all that the code is for. Nothing was changed.",
                hint: problems.map(\.summary).joined(separator: "\n"))
        }
        if let unseen = findings.first(where: \.isUnseen) {
            throw CommandFailure(
                .refused, code: .stack, "It cannot be told what sshd would do for everybody. Nothing was changed.",
                hint: unseen.summary)
        }
        var warnings = findings.filter { $0.severity == .warning }.map(\.summary)
        if hasKeys, let complaint = missingKey(program, tree, host) {
            guard isChosen else {
                throw CommandFailure(
                    .refused, code: .lockout, "\(complaint) Nothing was changed.",
                    hint: "Where people have passwords and no keys: --password. Where the keys are elsewhere: --key.")
            }
            warnings.append(complaint)
        }
        let isRootRefused = ["without-password", "prohibit-password"].contains {
            lines.contains("permitrootlogin \($0)")
        }
        if isRootRefused {
            warnings.append(
                "root will not get in by ssh any more, not with a key either: to sshd a code is a password, and "
                    + "PermitRootLogin is prohibit-password. Where root is to, write PermitRootLogin yes into \(SSHDFragment.main)"
            )
        }
        return warnings
    }

    /// What is to be said where the administrator has no key that sshd would take; nil where there is one, or it cannot be
    /// told.
    private func missingKey(_ program: some SSHDProgram, _ files: any FileTree, _ host: any StackHost) -> String? {
        let name = host.administrator
        guard let owner = host.keyOwner(named: name),
            let settings = try? program.settings(for: SSHDConnection(user: name)),
            case .none(let paths) = AuthorizedKeys(owner: owner, settings: settings, files: files).standing
        else { return nil }
        let place = paths.isEmpty ? "sshd takes none from files" : "there is none in \(paths.joined(separator: " or "))"
        return "sshd would ask everybody for a key, and \(name) has none: \(place)."
    }

    /// The main file with another folder in its Include lines; nil where none of them names the folder.
    static func redirect(_ bytes: [UInt8], to place: String) -> [UInt8]? {
        var isFound = false
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let redirected = lines.map { line -> String in
            var words = line.split { $0 == " " || $0 == "\t" || $0 == "=" }.map(String.init)
            guard words.first?.lowercased() == "include" else { return String(line) }
            for index in words.indices.dropFirst() {
                for start in ["\(folder)/", "sshd_config.d/"] where words[index].hasPrefix(start) {
                    words[index] = "\(place)/sshd_config.d/\(words[index].dropFirst(start.count))"
                    isFound = true
                    break
                }
            }
            return words.joined(separator: " ")
        }
        return isFound ? Array(redirected.joined(separator: "\n").utf8) : nil
    }
}

extension String {
    /// Without what its end has of these characters.
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> String {
        var text = Substring(self)
        while let last = text.last, isDropped(last) { text.removeLast() }
        return String(text)
    }
}
