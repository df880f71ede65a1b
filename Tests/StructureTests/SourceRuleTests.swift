import Testing

/// What the sources must not contain, and what only once.
@Suite struct SourceRuleTests {
    static let leaf = ["Wire", "UnixSocket", "PAMModule", "pam_twostep"]

    func places(of word: String, in targets: [String]) throws -> [String] {
        try targets.flatMap { try SourceFile.all(below: "Sources/\($0)") }.flatMap { $0.places(of: word) }
    }

    @Test(arguments: ["async", "await", "Task", "actor", "DispatchQueue", "Thread"])
    func `leaf, module and heart wait for nothing`(_ word: String) throws {
        #expect(try places(of: word, in: SourceRuleTests.leaf + ["Authentication"]) == [])
    }

    @Test(arguments: [
        "getenv", "secure_getenv", "setenv", "fatalError", "preconditionFailure", "precondition", "assert",
        "assertionFailure", "try!", "as!", "unsafeBitCast", "print", "signal", "sigaction", "malloc", "pthread_create",
        "fork", "dlopen",
    ]) func `nothing in the module stops, leaks into or reads its host's surroundings`(_ word: String) throws {
        #expect(try places(of: word, in: SourceRuleTests.leaf) == [])
    }

    @Test func `nothing in the module is unwrapped by force`() throws {
        for file in try SourceRuleTests.leaf.flatMap({ try SourceFile.all(below: "Sources/\($0)") }) {
            for (number, text) in file.code where SourceRuleTests.unwrapsByForce(text) {
                Issue.record("\(file.path):\(number): \(text)")
            }
        }
    }

    /// A `!` behind a value. Types with a `!` are C's, in the signatures that libpam dictates.
    static func unwrapsByForce(_ line: String) -> Bool {
        guard !line.contains("OpaquePointer!"), !line.contains(">!"), !line.contains("pam_handle_t!") else {
            return false
        }
        var previous: Character = " "
        for (index, character) in zip(line.indices, line) {
            let isValue = previous.isLetter || previous.isNumber || "_)]}?`".contains(previous)
            let after = line[line.index(after: index)...].first
            if character == "!", isValue, after != "=" { return true }
            previous = character
        }
        return false
    }

    @Test(arguments: ["a!", "a!.b", "f()!", "a[0]!", "try! f()", "x as! Y"]) func `a forced unwrap is seen`(
        _ line: String
    ) {
        #expect(SourceRuleTests.unwrapsByForce(line))
    }

    @Test(arguments: ["!a", "a != b", "a && !b", "(!a)", "_ pamh: OpaquePointer!, _ flags: CInt"])
    func `and nothing else is taken for one`(_ line: String) { #expect(!SourceRuleTests.unwrapsByForce(line)) }

    @Test(arguments: ["fatalError", "preconditionFailure", "try!", "as!"])
    func `nothing traps on purpose in the heart and its arms`(_ word: String) throws {
        let targets = [
            "Authentication", "AuthModules", "AuthPrograms", "AuthProviders", "EnrollmentStores", "Configuration",
            "Cryptography",
            "AdminProtocol", "Daemon", "Administration", "PAMStacks", "QRCodes",
        ]
        #expect(try places(of: word, in: targets) == [])
    }

    @Test(arguments: ["PAM_SUCCESS", "PAM_IGNORE"])
    func `what lets a login pass is said in one place of the module, and by setcred`(_ code: String) throws {
        for target in try SourceFile.targets(in: "Sources") {
            let said = try SourceFile.all(below: "Sources/\(target)").flatMap { SourceRuleTests.produced(code, in: $0) }
            // The module turns a verdict into it; setcred is a success that nobody asks about.
            let expected = target == "PAMModule" || (target == "pam_twostep" && code == "PAM_SUCCESS") ? 1 : 0
            #expect(said.count == expected, "\(said)")
        }
    }

    /// The lines where a code is returned or is a branch's value, and not what something is compared with.
    static func produced(_ code: String, in file: SourceFile) -> [String] {
        file.code.filter { line in
            SourceFile.holds(line.text, code) && !line.text.contains("== \(code)") && !line.text.contains("!= \(code)")
        }.map { "\(file.path):\($0.number)" }
    }

    @Test(arguments: ["Sources", "Tests"]) func `nothing is left to be done`(_ folder: String) throws {
        let notes = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        for file in try SourceFile.all(below: folder) {
            for (index, line) in file.lines.enumerated() {
                for note in notes where SourceFile.holds(line, note) {
                    Issue.record("\(file.path):\(index + 1): \(note)")
                }
            }
        }
    }

    @Test(arguments: ["sleep", "usleep", "nanosleep", "Task.sleep", "Thread.sleep"])
    func `no test sleeps`(_ word: String) throws {
        let calls = try SourceFile.all(below: "Tests").flatMap { file in
            file.code.filter { SourceFile.holds($0.text, word + "(") }.map { "\(file.path):\($0.number)" }
        }
        #expect(calls == [])
    }

    @Test(arguments: [".disabled(", ".enabled(if: false"]) func `no test is switched off`(_ trait: String) throws {
        let places = try SourceFile.all(below: "Tests").flatMap { file in
            file.code.filter { $0.text.contains(trait) }.map { "\(file.path):\($0.number)" }
        }
        #expect(places == [])
    }
}
