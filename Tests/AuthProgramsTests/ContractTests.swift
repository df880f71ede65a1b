import AuthPrograms
import Authentication
import Testing

/// What a program may answer, and that anything else lets nobody in.
@Suite struct ContractTests {
    static func account(_ name: String = "alice") throws -> AccountName { try #require(AccountName(name)) }

    static func input(_ text: String) -> UserInput {
        let bytes = Array(text.utf8)
        return UserInput(Secret(copying: bytes.span))
    }

    static let settings = ProgramSettings(program: "/usr/lib/twostep/programs/door")

    /// A module whose program answers `answer`, described.
    static func module(_ answer: String) throws -> (CommandLineModule, ScriptedRunner) {
        let runner = ScriptedRunner(validate: answer)
        let module = CommandLineModule(ModuleID("command_line", id: "door"), settings, runner: runner)
        try module.initialize()
        return (module, runner)
    }

    static func testimony(_ answer: String) throws -> Testimony {
        let (module, _) = try module(answer)
        return module.consult(ChargedGuess(uncharged: input("1234"), of: try account(), service: "sshd"))
    }

    struct Row {
        let answer: String
        let isUnavailable: Bool
        init(_ answer: String, unavailable: Bool = true) {
            self.answer = answer
            isUnavailable = unavailable
        }
    }

    static let accepted = #"{"twostep":1,"verdict":"accepted","user":"alice"}"#

    @Test func `a right answer is accepted for whoever it names`() throws {
        for answer in [
            ContractTests.accepted, ContractTests.accepted + "\n", "  " + ContractTests.accepted + " \r\n",
            #"{"verdict":"accepted","user":"alice","twostep":1,"notice":null}"#,
        ] {
            let approval = Testimony.Approval(try ContractTests.account())
            #expect(try ContractTests.testimony(answer) == .accepted(approval), "\(answer)")
        }
    }

    @Test func `a notice and what is spent come along`() throws {
        let answer =
            #"{"twostep":1,"verdict":"accepted","user":"alice","device":"phone","state":7,"notice":"3 left \u00e9"}"#
        #expect(
            try ContractTests.testimony(answer)
                == .accepted(
                    Testimony.Approval(try ContractTests.account(), device: "phone", state: 7, notice: "3 left é")))
    }

    @Test func `wrong and malformed are what they say`() throws {
        #expect(try ContractTests.testimony(#"{"twostep":1,"verdict":"wrong"}"#) == .wrong)
        #expect(try ContractTests.testimony(#"{"twostep":1,"verdict":"malformed"}"#) == .malformed)
    }

    @Test(arguments: ["", "alice/x", " alice", "al:ice", "\\u0000", "\\n"])
    func `a name that can be nobody's is nobody's`(_ name: String) throws {
        let answer = #"{"twostep":1,"verdict":"accepted","user":"\#(name)"}"#
        #expect(try ContractTests.testimony(answer) == .accepted(Testimony.Approval(nil)))
    }

    @Test(arguments: [
        "", "\n", "yes", "{}", "null", "[]", "accepted", "true", #""accepted""#,
        // No version, or another.
        #"{"verdict":"accepted","user":"alice"}"#, #"{"twostep":2,"verdict":"accepted","user":"alice"}"#,
        #"{"twostep":"1","verdict":"accepted","user":"alice"}"#,
        #"{"twostep":1.0,"verdict":"accepted","user":"alice"}"#,
        // No verdict, or none that there is.
        #"{"twostep":1,"user":"alice"}"#, #"{"twostep":1,"verdict":"Accepted","user":"alice"}"#,
        #"{"twostep":1,"verdict":true,"user":"alice"}"#, #"{"twostep":1,"verdict":"accepted"}"#,
        #"{"twostep":1,"verdict":"accepted","user":null}"#, #"{"twostep":1,"verdict":"accepted","user":["alice"]}"#,
        // More than was asked for.
        #"{"twostep":1,"verdict":"accepted","user":"alice","admin":true}"#, accepted + accepted,
        accepted + "\n" + accepted, accepted + "\n\n", accepted + " x",
        #"{"twostep":1,"verdict":"wrong","verdict":"accepted","user":"alice"}"#,
        // Not whole.
        #"{"twostep":1,"verdict":"accepted","user":"alice""#, #"{"twostep":1,"verdict":"accepted","user":"alice}"#,
        #"{"twostep":1,"verdict":"accepted","user":"\ud800"}"#, #"{"twostep":1,"verdict":"accepted","user":"\q"}"#,
        #"{"twostep":1,"verdict":"accepted","user":"alice",}"#, #"{'twostep':1,'verdict':'accepted'}"#,
        #"{"twostep":01,"verdict":"accepted","user":"alice"}"#,
        #"{"twostep":1,"verdict":"accepted","user":"alice","state":9223372036854775808}"#,
        #"{"twostep":1,"verdict":"accepted","user":"alice","state":1e3}"#,
        #"{"twostep":1,"verdict":"unavailable","reason":"the server is away"}"#,
        #"{"twostep":1,"verdict":"unavailable"}"#,
        #"{"twostep":1,"verdict":"accepted","user":"alice","notice":"\u001b[2J"}"#,
    ])
    func `whatever else is answered lets nobody in`(_ answer: String) throws {
        let testimony = try ContractTests.testimony(answer)
        guard case .unavailable = testimony else {
            Issue.record("\(testimony)")
            return
        }
    }

    @Test func `a line may have 4,096 bytes, and not one more`() throws {
        let start = #"{"twostep":1,"verdict":"accepted","user":"alice"}"#
        let longest = start + String(repeating: " ", count: Contract.longestLine - 1 - start.utf8.count)
        #expect(try ContractTests.testimony(longest + "\n") == .accepted(.init(try ContractTests.account())))
        guard case .unavailable = try ContractTests.testimony(longest + " \n") else {
            Issue.record("taken")
            return
        }
    }

    @Test func `depth is bounded`() throws {
        let deep = String(repeating: "[", count: 3000)
        guard case .unavailable = try ContractTests.testimony(#"{"twostep":1,"verdict":\#(deep)"#) else {
            Issue.record("taken")
            return
        }
    }

    @Test func `no answer cut short lets anybody in`() throws {
        let whole = Array(ContractTests.accepted)
        for count in 0..<whole.count {
            guard case .unavailable = try ContractTests.testimony(String(whole.prefix(count))) else {
                Issue.record("\(count)")
                continue
            }
        }
    }

    // MARK: What is asked

    @Test func `a question has the user, the service and what was typed, and nothing of it can be mistaken`() throws {
        let (module, runner) = try ContractTests.module(ContractTests.accepted)
        _ = module.consult(
            ChargedGuess(
                uncharged: ContractTests.input(#"a"b\c$(x)é"#), of: try ContractTests.account(), service: "sshd"))
        #expect(
            runner.asked.last
                == #"{"twostep":1,"request":"validate","kind":"module","id":"command_line:door","user":"alice","#
                + #""service":"sshd","answers":{"code":"a\"b\\c$(x)é"}}"# + "\n")
    }

    @Test(arguments: ["", "\u{0}", "12\u{0}34", "\u{1B}[2J", "a\nb", String(repeating: "1", count: 512)])
    func `what nobody can have typed is not asked about`(_ text: String) throws {
        let (module, _) = try ContractTests.module(ContractTests.accepted)
        #expect(!module.recognizes(ContractTests.input(text)))
    }

    @Test func `what is not UTF-8 is not asked about`() throws {
        let (module, _) = try ContractTests.module(ContractTests.accepted)
        let bytes: [UInt8] = [0x31, 0xFF]
        #expect(!module.recognizes(UserInput(Secret(copying: bytes.span))))
        #expect(module.recognizes(ContractTests.input(String(repeating: "1", count: 511))))
    }

    // MARK: The form

    @Test(arguments: [
        #"{"name":"code"}"#, #"{"label":"Code"}"#, #"{"name":"Co de","label":"x"}"#, #"{"name":"a","label":""}"#,
        #"{"name":"a","label":"x","kind":"choice"}"#, #"{"name":"a","label":"x","kind":"password"}"#,
        #"{"name":"a","label":"x"},{"name":"a","label":"y"}"#, #"{"name":"a","label":"x","pam":1}"#,
        #"{"name":"a","label":"\u202ex"}"#, "", "1",
        (0..<9).map { #"{"name":"f\#($0)","label":"x"}"# }.joined(separator: ","),
    ])
    func `a form that is none is refused at the start`(_ fields: String) {
        let module = CommandLineModule(
            ModuleID("command_line"), ContractTests.settings,
            runner: ScriptedRunner(describing: fields, validate: ContractTests.accepted))
        #expect(throws: ModuleFailure.self) { try module.initialize() }
    }

    @Test func `a form has fields in their order, hidden unless it says otherwise`() throws {
        let module = CommandLineModule(
            ModuleID("command_line"), ContractTests.settings,
            runner: ScriptedRunner(
                describing:
                    #"{"name":"city","label":"City","kind":"visible","required":false},{"name":"pin","label":"PIN"}"#,
                validate: ContractTests.accepted))
        try module.initialize()
        #expect(
            module.inputSchema
                == InputSchema([
                    InputField(name: "city", label: "City", kind: .visible, isRequired: false),
                    InputField(name: "pin", label: "PIN", kind: .secret),
                ]))
    }

    @Test func `a program that answers what fits no contract makes the configuration one that cannot be`() {
        let module = CommandLineModule(
            ModuleID("command_line"), ContractTests.settings,
            runner: ScriptedRunner(["describe": .writes(#"{"twostep":1}"# + "\n")]))
        #expect(throws: ModuleFailure("/usr/lib/twostep/programs/door: it describes no fields")) {
            try module.initialize()
        }
    }

    @Test func `a program that does not run is out until it says what it is`() throws {
        let runner = ScriptedRunner(["describe": .fails("it hangs")])
        let module = CommandLineModule(ModuleID("command_line"), ContractTests.settings, runner: runner)
        #expect(module.outage != nil)
        try module.initialize()
        #expect(module.outage == "/usr/lib/twostep/programs/door: it hangs")
        runner.answer("describe", .writes(#"{"twostep":1,"fields":[\#(ScriptedRunner.field)]}"# + "\n"))
        module.program.describe()
        #expect(module.outage == nil)
        #expect(module.inputSchema.fields.map(\.label) == ["Door code"])
        runner.answer("describe", .writes(#"{"twostep":1,"fields":[]}"# + "\n"))
        module.program.describe()
        #expect(module.outage == "/usr/lib/twostep/programs/door: it describes no fields")
    }

    // MARK: Providers

    static func proof(_ answer: String) throws -> Proof {
        let provider = CommandLineProvider(
            ProviderID("command_line"), settings, createsCredentials: false, runner: ScriptedRunner(validate: answer))
        try provider.initialize()
        let request = LoginRequest(service: "sshd", account: try account())
        return provider.prove(request, input("secret"), users: NoUserDatabase(.unreachable("")), isWaived: false)
    }

    @Test func `a provider proves whom its program names, who need not be whoever was asked about`() throws {
        #expect(
            try ContractTests.proof(#"{"twostep":1,"verdict":"accepted","user":"carol"}"#)
                == .proved(try ContractTests.account("carol"), isWaived: false))
        #expect(try ContractTests.proof(#"{"twostep":1,"verdict":"wrong"}"#) == .rejected(.wrongPassword))
    }

    @Test func `a provider whose program names nobody proves nobody`() throws {
        #expect(
            try ContractTests.proof(#"{"twostep":1,"verdict":"accepted","user":""}"#) == .rejected(.usernameChanged))
    }

    @Test func `a provider whose program says nothing of use is unavailable`() throws {
        guard case .unavailable = try ContractTests.proof("yes\n") else {
            Issue.record("proved")
            return
        }
    }

    // MARK: Settings

    static func settings(_ values: [String: Setting.Value]) throws -> ProgramSettings {
        try ProgramSettings(Settings(values.mapValues { Setting($0, line: 3, column: 5) }), of: "the module x")
    }

    @Test func `settings are read, and have bounds`() throws {
        let read = try ContractTests.settings([
            "program": .text("/usr/lib/twostep/programs/x", isQuoted: false),
            "arguments": .list([Setting(.text("-v", isQuoted: false), line: 4, column: 1)]),
            "time": .text("60s", isQuoted: false), "network": .text("true", isQuoted: false),
        ])
        #expect(
            read
                == ProgramSettings(
                    program: "/usr/lib/twostep/programs/x", arguments: ["-v"], time: 60, mayReachNetwork: true))
    }

    @Test(arguments: ["x", "", "bin/x", "/", "/a/../b", "/a//b", "/a/./b", "/a/", "/a\u{0}b"])
    func `a program is an absolute path that is written in one way`(_ path: String) {
        #expect(throws: SettingFailure.self) {
            try ContractTests.settings(["program": .text(path, isQuoted: true)])
        }
    }

    @Test(arguments: ["0s", "61s", "10", "10m", "-1s", "1.5s", "010s", "s"])
    func `a time is in seconds and bounded`(_ time: String) {
        #expect(throws: SettingFailure.self) {
            try ContractTests.settings([
                "program": .text("/bin/x", isQuoted: false), "time": .text(time, isQuoted: false),
            ])
        }
    }
}
