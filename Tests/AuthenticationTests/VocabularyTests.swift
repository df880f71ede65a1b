import Authentication
import Testing

@Suite struct AccountNameTests {
    @Test(arguments: [
        "root", "0x0", "123", "-1", "4294967295", "Root", "DOMAIN\\ann", "ann@example.org", "josé", "e\u{301}", "a b",
        String(repeating: "a", count: 255),
    ]) func `a name is kept as it is`(_ name: String) throws {
        #expect(Array(try #require(AccountName(name)).text.utf8) == Array(name.utf8))
    }

    @Test(arguments: [
        "", " ", "root ", " root", "ro\0ot", "root\n", "ro\tot", "ro\u{7F}ot", "ro\u{9B}ot", "ro\u{202E}ot",
        "ro\u{2028}ot", "a/b", "../x", "a:b", String(repeating: "a", count: 256), String(repeating: "é", count: 128),
    ]) func `a name that could be taken for another is none`(_ name: String) { #expect(AccountName(name) == nil) }

    @Test(
        arguments: [[0xFF], [0x61, 0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func `bytes that are no UTF-8 are no name`(_ bytes: [UInt8]) { #expect(AccountName(bytes.span) == nil) }

    @Test func `names that only look alike are different people`() throws {
        let composed = try #require(AccountName("\u{E9}"))
        let combined = try #require(AccountName("e\u{301}"))
        #expect(composed.text == combined.text)
        #expect(composed != combined)
        #expect(Set([composed, combined]).count == 2)
        #expect(AccountName("Root") != AccountName("root"))
        #expect(AccountName("0") != AccountName("00"))
        #expect(AccountName("K") != AccountName("\u{212A}"))
    }
}

@Suite struct EvidenceTests {
    @Test(arguments: ["publickey ssh-ed25519", "publickey", "password", "hostbased ssh-rsa", "gssapi-with-mic ann@R"])
    func `a method that proves something is evidence`(_ line: String) {
        #expect(Evidence(methods: [line]).provesFirstFactor)
        #expect(Evidence(methods: ["keyboard-interactive", line]).provesFirstFactor)
    }

    @Test(arguments: [
        "", " ", "keyboard-interactive", "keyboard-interactive pam", "none", "publickeys", "PUBLICKEY", " publickey",
        "publickey\u{301}", "publickey\u{A0}x", "x publickey", "future-method",
    ]) func `anything else is none`(_ line: String) { #expect(!Evidence(methods: [line]).provesFirstFactor) }

    @Test func `a password taken above or being the account is evidence, nothing is not`() {
        #expect(!Evidence().provesFirstFactor)
        #expect(Evidence(hasAuthtok: true).provesFirstFactor)
        #expect(Evidence(isAccountItself: true).provesFirstFactor)
    }
}

@Suite struct IdentityTests {
    @Test func `identity is the pair and not its text`() {
        #expect(ModuleID("a", id: "b:c") != ModuleID("a:b", id: "c"))
        #expect(ModuleID("a", id: "b:c").description == ModuleID("a:b", id: "c").description)
        #expect(ModuleID("a") != ModuleID("a", id: ""))
    }

    @Test func `a step has alternatives, each once`() {
        #expect(Step(anyOf: []) == nil)
        #expect(Step(anyOf: [Some.totp, Some.totp]) == nil)
        #expect(Step(anyOf: [Some.totp, Some.pin])?.description == "totp|pin")
        #expect(Step(anyOf: [Some.totp]) == Step(Some.totp))
    }
}

@Suite struct SecretTests {
    struct Stop: Error, Equatable {}

    @Test func `lends what it was given`() {
        let bytes: [UInt8] = [1, 2, 3]
        let secret = Secret(copying: bytes.span)
        let sum = secret.withBytes { $0[0] + $0[1] + $0[2] }
        #expect(sum == 6)
        let lengths = [secret.count, Secret(copying: [UInt8]().span).count]
        #expect(lengths == [3, 0])
    }

    @Test func `a negative length is none, and a fresh secret is zero`() {
        let length = Secret(count: -1) { _ in }.count
        #expect(length == 0)
        let fresh = Secret(count: 64) { _ in }
        let isZero = fresh.withBytes { bytes in
            for index in bytes.indices where bytes[index] != 0 { return false }
            return true
        }
        #expect(isZero)
    }

    @Test func `an error while it is filled is passed on`() {
        #expect(throws: Stop.self) {
            _ = try Secret(count: 16) { (span) throws(Stop) in
                span[0] = 1
                throw Stop()
            }
        }
    }

    /// That it is overwritten at the end is shown where it can be looked at honestly: in a core of the daemon.
    @Test func `forms are the same only byte for byte and field for field`() throws {
        #expect(Some.input("123456").isSame(as: Some.input("123456")))
        #expect(!Some.input("123456").isSame(as: Some.input("123457")))
        #expect(!Some.input("123456").isSame(as: Some.input("12345")))
        #expect(Some.input("").isSame(as: Some.input("")))
        let left = try #require(Some.form("abcd", ends: [1, 4]))
        let right = try #require(Some.form("abcd", ends: [3, 4]))
        #expect(!left.isSame(as: right))
        #expect(!left.isSame(as: Some.input("abcd")))
    }

    @Test(arguments: [[], [3], [5], [2, 1, 4], [-1, 4], [Int.max], [Int.min, 4]])
    func `ends that do not part the bytes are no form`(_ ends: [Int]) {
        #expect(Some.form("abcd", ends: ends) == nil)
    }

    @Test func `fields are lent in order, and one that is not there is empty`() throws {
        let input = try #require(Some.form("abcd", ends: [1, 1, 4]))
        #expect(input.count == 3)
        func field(_ index: Int) -> String {
            input.withField(at: index) { field in
                var copy: [UInt8] = []
                for index in field.indices { copy.append(field[index]) }
                return String(decoding: copy, as: UTF8.self)
            }
        }
        #expect([0, 1, 2].map(field) == ["a", "", "bcd"])
        #expect([3, -1, Int.min, Int.max].map(field) == ["", "", "", ""])
    }
}

@Suite struct SettingsTests {
    @Test(arguments: ["0", "7", "10", "9223372036854775807"]) func `plain digits are a number`(_ text: String) {
        #expect(Settings.number(text).map { "\($0)" } == text)
    }

    @Test(arguments: [
        "", "007", "00", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "0o7", "1_000", "٣", "１", "9223372036854775808",
    ]) func `nothing else is`(_ text: String) { #expect(Settings.number(text) == nil) }
}
