import AuthModules
import Authentication
import AuthenticationTesting
import Testing

@Suite struct InsecureExampleModuleTests {
    private static func quoted(_ text: String) -> Setting { setting(text, isQuoted: true) }

    /// A map of the configuration; its keys stand in line 9.
    private static func map(_ entries: [(String, Setting)]) -> Setting {
        Setting(
            .map(entries.map { Setting.Entry(key: $0.0, line: 9, column: 5, value: $0.1) }), line: 8, column: 1)
    }

    private static func user(_ name: String, _ pin: String) -> Setting {
        map([("username", quoted(name)), ("pin", quoted(pin))])
    }

    private static func settings(_ users: Setting) -> Settings { Settings(["users": users]) }

    private static func list(_ users: [Setting]) -> Setting { Setting(.list(users), line: 7, column: 3) }

    private static func module(_ users: [(name: String, pin: String)]) throws -> InsecureExampleModule {
        try InsecureExampleModule(
            ModuleID("insecure_example"), settings(list(users.map { user($0.name, $0.pin) })))
    }

    private static func refusal(of pin: String, for account: String, _ module: InsecureExampleModule) throws
        -> InvalidAuth?
    {
        var scene = try Scene(of: module, account: account)
        return scene.refusal(of: pin)
    }

    // MARK: Judging

    /// The seed's own row.
    static let seed = [(name: "homeassistant", pin: "123456")]

    @Test func `accepts the seed's pin for the seed's user, again and again`() throws {
        let module = try Self.module(Self.seed)
        for _ in 0..<3 { #expect(try Self.refusal(of: "123456", for: "homeassistant", module) == nil) }
    }

    @Test(arguments: ["123457", "12345", "1234567", "0123456", "123456 ", " 123456", "１２３４５６", "x"])
    func `refuses any other`(pin: String) throws {
        #expect(try Self.refusal(of: pin, for: "homeassistant", try Self.module(Self.seed)) == .wrong)
    }

    @Test func `never lets a user in who is in no row, whatever the pin`() throws {
        let module = try Self.module(Self.seed)
        for account in ["root", "home", "homeassistant2", "Homeassistant", "homeassistant\u{301}"] {
            #expect(try Self.refusal(of: "123456", for: account, module) == .notEnrolled)
            #expect(try Self.refusal(of: "000000", for: account, module) == .notEnrolled)
        }
    }

    @Test func `takes several rows of one user for several pins`() throws {
        let module = try Self.module([("alice", "1111"), ("bob", "2222"), ("alice", "3333"), ("alice", "1111")])
        #expect(try Self.refusal(of: "1111", for: "alice", module) == nil)
        #expect(try Self.refusal(of: "3333", for: "alice", module) == nil)
        #expect(try Self.refusal(of: "2222", for: "alice", module) == .wrong)
        #expect(try Self.refusal(of: "2222", for: "bob", module) == nil)
        #expect(try Self.refusal(of: "1111", for: "bob", module) == .wrong)
    }

    @Test func `keeps leading zeros`() throws {
        let module = try Self.module([("alice", "007"), ("alice", "0")])
        #expect(try Self.refusal(of: "007", for: "alice", module) == nil)
        #expect(try Self.refusal(of: "0", for: "alice", module) == nil)
        for other in ["7", "07", "0007", "00", "000"] {
            #expect(try Self.refusal(of: other, for: "alice", module) == .wrong)
        }
    }

    @Test(arguments: ["", "123456\0", "\0", "12\n34", "\u{8}\n\r\u{7F}INCORRECT", String(repeating: "1", count: 65)])
    func `does not recognise what can be no pin, nor judge it`(answer: String) throws {
        let module = try Self.module(Self.seed)
        #expect(!module.recognizes(typed(answer)))
        #expect(try Self.refusal(of: answer, for: "homeassistant", module) == .malformed)
    }

    @Test func `takes pins up to the longest`() throws {
        let pin = String(repeating: "😀", count: 64)
        let module = try Self.module([("alice", pin)])
        #expect(try Self.refusal(of: pin, for: "alice", module) == nil)
        #expect(try Self.refusal(of: String(pin.dropLast()), for: "alice", module) == .wrong)
    }

    @Test func `is for demonstrations, and nobody enrols with it`() throws {
        let module: any AuthModule = try Self.module(Self.seed)
        #expect(module.isInsecure && InsecureExampleModule.type.isInsecure)
        #expect(module.isLowEntropy && !module.resetsThrottle)
        #expect(!(module is any EnrollableModule))
        #expect(module.inputSchema.fields == [InputField(name: "pin", label: "PIN", kind: .secret)])
    }

    // MARK: The configuration

    private static func failure(_ settings: Settings) -> SettingFailure? {
        do throws(SettingFailure) {
            _ = try InsecureExampleModule(ModuleID("insecure_example", id: "demo"), settings)
            return nil
        } catch {
            return error
        }
    }

    @Test func `cannot be without users`() {
        let failure = Self.failure(Settings())
        #expect(failure?.line == 0)
        #expect(
            failure?.explanation == "the module insecure_example:demo has no users, "
                + "expected a list of maps with username and pin")
    }

    @Test(arguments: [
        (Setting(.list([]), line: 7, column: 3), "an empty list"), (Setting(.nothing, line: 7, column: 3), "nothing"),
        (setting("homeassistant"), "'homeassistant'"), (map([]), "a map"),
    ])
    func `refuses users that are no list`(users: Setting, found: String) {
        #expect(
            Self.failure(Self.settings(users))
                == SettingFailure(at: users, "users is \(found), expected a list of maps with username and pin"))
    }

    @Test(arguments: ["123456", "007", "0x7", "1e3", "secret", "null", "~"])
    func `refuses a pin that is not in quotes, with that hint and without the pin`(pin: String) {
        let pin = Setting(.text(pin, isQuoted: false), line: 12, column: 30)
        let failure = Self.failure(
            Self.settings(Self.list([Self.map([("username", Self.quoted("a")), ("pin", pin)])])))
        #expect(
            failure
                == SettingFailure(
                    at: pin,
                    "pin is not in quotes, and YAML would take 007 for the number 7; expected text in quotes, as in "
                        + "pin: '007007'"))
        #expect(failure?.line == 12 && failure?.column == 30)
    }

    @Test(arguments: [Setting.Value.nothing, .list([]), .map([])])
    func `refuses a pin that is no text`(value: Setting.Value) {
        let pin = Setting(value, line: 12, column: 30)
        let failure = Self.failure(
            Self.settings(Self.list([Self.map([("username", Self.quoted("a")), ("pin", pin)])])))
        #expect(
            failure
                == SettingFailure(at: pin, "pin is \(pin.found), expected text in quotes, as in pin: '007007'"))
    }

    @Test(arguments: ["", "12\n34", "\u{0}", String(repeating: "1", count: 65)])
    func `refuses a pin that nobody could type, without saying it`(pin: String) {
        let pin = Self.quoted(pin)
        #expect(
            Self.failure(Self.settings(Self.list([Self.map([("username", Self.quoted("a")), ("pin", pin)])])))
                == SettingFailure(
                    at: pin,
                    "pin is empty, too long or has control characters; expected 1 to 64 characters"))
    }

    @Test(arguments: [
        (map([("pin", quoted("1234"))]), 8, "a user without username, expected username and pin"),
        (map([("username", quoted("a"))]), 8, "a user without pin, expected username and pin"),
        (map([]), 8, "a user without username, expected username and pin"),
        (setting("alice"), 7, "a user is 'alice', expected a map with username and pin"),
        (
            map([("username", quoted("a")), ("pin", quoted("1")), ("Pin", quoted("2"))]), 9,
            "the key 'Pin', expected username or pin, did you mean 'pin'?"
        ),
        (
            map([("user_name", quoted("a")), ("pin", quoted("1"))]), 9,
            "the key 'user_name', expected username or pin, did you mean 'username'?"
        ),
        (
            map([("username", quoted("a")), ("pin", quoted("1")), ("pin", quoted("2"))]), 9,
            "the key 'pin' again, expected it once"
        ),
        (
            map([("username", quoted("")), ("pin", quoted("1"))]), 7,
            "username is the text '', expected the name of an account"
        ),
        (
            map([("username", quoted("a:b")), ("pin", quoted("1"))]), 7,
            "username is the text 'a:b', expected the name of an account"
        ),
        (
            map([("username", Setting(.nothing, line: 7, column: 3)), ("pin", quoted("1"))]), 7,
            "username is nothing, expected the name of an account"
        ),
    ])
    func `refuses a row that is not whole, or has more`(row: Setting, line: Int, expected: String) {
        // Behind a row that is: each is looked at.
        let failure = Self.failure(Self.settings(Self.list([Self.user("bob", "1234"), row])))
        #expect(failure?.explanation == expected)
        #expect(failure?.line == line)
    }

    @Test func `takes a name without quotes`() throws {
        let row = Self.map([("username", setting("alice")), ("pin", Self.quoted("1234"))])
        let module = try InsecureExampleModule(
            ModuleID("insecure_example"), Self.settings(Self.list([row])))
        #expect(try Self.refusal(of: "1234", for: "alice", module) == nil)
    }

    // MARK: The contract

    @Test(arguments: AuthModuleContract.rules)
    func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        let module = try Self.module([
            ("bob", "5678"), ("alice", "0123"), ("mallory", "0123"), ("alice", "9999"), ("mallory", "8888"),
        ])
        let subject = AuthModuleContract.Subject(
            module: module, payloads: [], initialState: 0, isOneTime: false, now: moment(1_800_000_000),
            next: { $0 }, right: { _, _, _ in Array("0123".utf8) },
            // It is right, but for others.
            wrong: Array("5678".utf8))
        try rule.check(subject)
    }
}
