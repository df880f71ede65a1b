import AuthModules
import Authentication
import Cryptography
import Testing

/// Files of other programs: what is read of them, and what is said of the rest.
@Suite struct ImportTests {
    static let now: Int64 = 1_795_348_800

    /// A device in words, key included.
    private func summary(_ device: ForeignDevice) -> String {
        let key = bytes(device.key).map { hexadecimal($0) }.joined()
        let parameters = device.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([device.account ?? "?", device.kind.rawValue, key] + parameters).joined(separator: " ")
    }

    private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private func google(_ text: String) throws -> ForeignDevice {
        let bytes = Array(text.utf8)
        return try GoogleAuthenticatorFile.read(bytes.span, named: "file", account: "alice", now: ImportTests.now)
    }

    private func oath(_ text: String) throws -> [ForeignDevice] {
        let bytes = Array(text.utf8)
        return try OATHUsersFile.read(bytes.span, named: "file", now: ImportTests.now)
    }

    private func list(_ text: String) throws -> [ForeignDevice] {
        let bytes = Array(text.utf8)
        return try OTPAuthList.read(bytes.span, named: "file")
    }

    private func migration(_ text: String) throws -> [ForeignDevice] {
        let bytes = Array(text.utf8)
        return try MigrationExport.read(bytes.span, named: "file")
    }

    private func batch(_ text: String) throws -> [ForeignDevice] {
        let bytes = Array(text.utf8)
        return try BatchFile.read(bytes.span, named: "file")
    }

    private func refusal(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ImportFailure)?.description ?? "\(error)"
        }
    }

    // MARK: google-authenticator

    static let googleText: String = """
        GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
        " RATE_LIMIT 3 30 1795348770
        " WINDOW_SIZE 17
        " DISALLOW_REUSE 29922478 29922480 29922479
        " TOTP_AUTH
        " STEP_SIZE 60
        12345678
        87654321

        """

    @Test func `google-authenticator's steps stay used, and what is left behind is said`() throws {
        let device = try google(ImportTests.googleText)
        #expect(
            summary(device)
                == "alice totp 3132333435363738393031323334353637383930 algorithm=SHA1 digits=6 period=60 "
                + "used_until=29922480")
        #expect(device.notes.count == 3)
        #expect(device.notes[0].hasPrefix("2 scratch codes"))
        #expect(device.notes[1].hasPrefix("WINDOW_SIZE 17"))
        #expect(device.notes[2].hasPrefix("RATE_LIMIT 3 in 30 s"))
    }

    @Test func `a counter of google-authenticator is the next one`() throws {
        let device = try google("GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 5\n\" LAST0 host 1\n\" NOVEL 1\n")
        #expect(summary(device) == "alice hotp 31323334353637383930 algorithm=SHA1 counter=5 digits=6")
        #expect(device.notes.count == 3)
        #expect(device.notes.contains { $0.contains("80 bits") })
    }

    @Test func `codes that could be used twice, and clocks that were off, are told of`() throws {
        let notes = try google("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\" TIME_SKEW -3\n").notes
        #expect(notes.count == 2)
        #expect(notes[0].contains("each is good once") && notes[1].hasPrefix("TIME_SKEW -3"))
    }

    /// `now` lies in the step 59844960.
    @Test(
        arguments: [
            ("59844959", nil, 59_844_959, 0), ("59844961", nil, 59_844_961, 0), ("59844961", "1", 59_844_961, 1),
            ("59844962", nil, 59_844_961, 1), ("59864960 59844958", "20000", 59_844_960, 2),
            ("59864960", "20003", 59_844_957, 2), ("59864960", "-3", 59_844_961, 2), ("59864960", "x", 59_844_961, 2),
            ("9223372036854775807", "-9223372036854775808", 59_844_961, 2),
        ] as [(String, String?, Int64, Int)])
    func `no step is taken for used that lies further ahead than a code is good`(
        _ used: String, _ skew: String?, _ expected: Int64, _ notes: Int
    ) throws {
        let line = skew.map { "\n\" TIME_SKEW \($0)" } ?? ""
        let device = try google("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\" DISALLOW_REUSE \(used)\(line)\n")
        #expect(device.parameters["used_until"] == String(expected))
        #expect(device.notes.count == notes)
    }

    @Test(arguments: [
        ("", "file:1: expected a secret in base32"), ("!\n", "file:1: what stands there is no secret in base32"),
        ("GEZDGNBVGY3TQOJQ\nx\n", "file:2: expected an option behind a \" or a scratch code of eight digits"),
        ("GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 0\n", "file:2: HOTP_COUNTER has no counter from 1"),
        ("GEZDGNBVGY3TQOJQ\n\n\" WINDOW_SIZE x\n", "file:3: WINDOW_SIZE has a value that is no number"),
        ("GEZDGNBVGY3TQOJQ\n\" STEP_SIZE 5\n", "file:1: a step has 5 seconds, expected 15 to 120"),
    ]) func `a broken file of google-authenticator is refused by its line`(_ text: String, _ words: String) {
        #expect(refusal { _ = try google(text) } == words)
    }

    // MARK: users.oath

    static let seed: String = "3132333435363738393031323334353637383930"

    @Test(arguments: [
        ("HOTP alice - SEED", "hotp", "counter=0 digits=6"),
        ("HOTP/E alice - SEED 7", "hotp", "counter=7 digits=6"),
        // RFC 4226 appendix D: 755224 is of counter 0, 287082 of 1.
        ("HOTP alice - SEED 0 755224 2026-11-22T11:04:00L", "hotp", "counter=1 digits=6"),
        ("HOTP alice - SEED 2 287082", "hotp", "counter=2 digits=6"),
        ("HOTP/E/8\talice\t-\tSEED\t3", "hotp", "counter=3 digits=8"),
        ("HOTP/T30 alice - SEED", "totp", "digits=6 period=30"),
        ("HOTP/T60/7 alice - SEED", "totp", "digits=7 period=60"),
    ]) func `every type of users.oath is read`(_ line: String, _ kind: String, _ parameters: String) throws {
        let devices = try oath("# comment\n\n" + line.replacing("SEED", with: ImportTests.seed) + "\r\n")
        #expect(devices.map(summary) == ["alice \(kind) \(ImportTests.seed) algorithm=SHA1 \(parameters)"])
        #expect(devices.first?.line == 3)
    }

    @Test func `the step of a last code is used, unless it is long over`() throws {
        let key = Array("12345678901234567890".utf8)
        let parameters = try #require(TOTPParameters())
        let step = parameters.step(at: ImportTests.now)
        for (offset, isKept) in [(-1000, false), (-1, true), (0, true), (3, true)] as [(Int64, Bool)] {
            let used = try code(key, at: ImportTests.now, parameters, stepsAhead: offset)
            let devices = try oath("HOTP/T30 alice - \(ImportTests.seed) 0 \(used) 2026-11-22T11:04:00L")
            #expect(devices[0].parameters["used_until"] == (isKept ? String(step + offset) : nil))
        }
    }

    @Test func `a user may have several lines, and PINs are told of`() throws {
        let devices = try oath("HOTP alice 1234 \(ImportTests.seed)\nHOTP/T30 alice + \(ImportTests.seed)\n")
        #expect(devices.map(\.kind) == [.hotp, .totp])
        #expect(devices.map(\.notes.count) == [1, 1])
        #expect(!devices[0].notes[0].contains("1234"))
    }

    @Test(arguments: [
        ("HOTP alice -", "file:1: expected a type, a user, a PIN or -, and a secret in hexadecimal"),
        ("\nHOTP alice - 3x", "file:2: the secret is not in hexadecimal"),
        (
            "HOTP/T45 alice - 31",
            "file:1: the type is 'HOTP/T45', expected HOTP, HOTP/E, HOTP/T30 or HOTP/T60, and /6, /7 or /8"
        ),
        ("HOTP alice - 31 -1", "file:1: the moving factor is no number"),
        ("HOTP alice - 31 99999999999999999999", "file:1: the moving factor is no number"),
        ("HOTP alice - 31 0 12", "file:1: the last code is none of 6 to 8 digits"),
    ]) func `a broken line of users.oath is refused by its number`(_ text: String, _ words: String) {
        #expect(refusal { _ = try oath(text) } == words)
    }

    // MARK: URIs

    @Test func `otpauth URIs are read with all of their parameters`() throws {
        let devices = try list(
            """
            # of the old store
            otpauth://totp/Example%20Co:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Co
            OTPAUTH://HOTP/bob?counter=9&secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq%3D&digits=8&algorithm=sha256
            otpauth://totp/carol?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=60&image=x
            """)
        let key = ImportTests.seed
        #expect(
            devices.map(summary) == [
                "alice totp \(key) algorithm=SHA1 digits=6 period=30",
                "bob hotp \(key) algorithm=SHA256 counter=9 digits=8",
                "carol totp \(key) algorithm=SHA1 digits=6 period=60",
            ])
        #expect(devices.map(\.notes.count) == [0, 0, 1])
    }

    @Test(
        arguments: [
            ("alice", nil, "alice", "alice"), ("Example:alice", "Example", "alice", "Example:alice"),
            ("Example%3A%20alice", "Example", "alice", "Example: alice"), ("alice", "GitHub", "alice", "GitHub:alice"),
            ("Old:alice", "New", "alice", "Old:alice"), ("Example:", "Example", nil, "Example:"), ("", nil, nil, ""),
        ] as [(String, String?, String?, String)])
    func `a label is kept with its issuer`(
        _ label: String, _ issuer: String?, _ account: String?, _ full: String
    ) throws {
        let beside = label.contains("Example") ? "" : issuer.map { "&issuer=\($0)" } ?? "&issuer="
        let device = try #require(try list("otpauth://totp/\(label)?secret=GEZDGNBVGY3TQOJQ\(beside)").first)
        #expect(device.account == account && device.label?.account == account)
        #expect(device.label?.issuer == issuer && device.label?.full == full)
    }

    @Test(arguments: [
        ("https://example.org", "file:1: expected an otpauth:// URI"),
        ("otpauth://totp", "file:1: expected otpauth://TYPE/LABEL?PARAMETERS"),
        ("otpauth://yotp/a?secret=GE", "file:1: the type is 'yotp', expected totp or hotp"),
        ("otpauth://totp/a?issuer=b", "file:1: there is no secret"),
        ("otpauth://totp/a?secret=1", "file:1: the secret is not in base32"),
        ("otpauth://totp/%zz?secret=GE", "file:1: the label has a % without two digits"),
        ("otpauth://totp/a?secret=GE&digits=9", "file:1: the codes have 9 digits, expected 6 to 8"),
        ("otpauth://totp/a?secret=GE&algorithm=MD5", "file:1: the algorithm is 'MD5', expected SHA1, SHA256 or SHA512"),
    ]) func `a broken URI is refused by its line`(_ text: String, _ words: String) {
        #expect(refusal { _ = try list(text) } == words)
    }

    /// One device: secret "12345678901234567890", name "Example:alice", SHA1, six digits, TOTP; version 1, one of one.
    static let migrationText: String =
        "otpauth-migration://offline?data=CjQKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEg1FeGFtcGxlOmFsaWNlGgdFeGFtcGxlIAEoATACEAEYASAA"

    @Test func `a phone's export is read`() throws {
        let devices = try migration(ImportTests.migrationText + "\n")
        #expect(devices.map(summary) == ["alice totp \(ImportTests.seed) algorithm=SHA1 digits=6 period=30"])
        #expect(devices.map(\.label?.text) == ["Example:alice"] && devices.map(\.label?.issuer) == ["Example"])
    }

    @Test(arguments: [
        ("otpauth://totp/a?secret=GE", "file:1: expected an otpauth-migration:// URI"),
        ("otpauth-migration://offline?x=1", "file:1: there is no data"),
        ("otpauth-migration://offline?data=*", "file:1: its data is not in base64"),
        ("otpauth-migration://offline?data=/////w", "file:1: its data is no export of an authenticator app"),
        // Batch 7, the first of two.
        ("otpauth-migration://offline?data=GAIgACgH", "file: the export has 2 QR codes, and 1 of them are here"),
    ]) func `a broken export is refused by its line`(_ text: String, _ words: String) {
        #expect(refusal { _ = try migration(text) } == words)
    }

    // MARK: Batches

    @Test(arguments: [
        """
        user,module,name,secret,digits
        alice,totp,phone,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,8
        bob,hotp:work,"key, ""red\"\"",gezdgnbvgy3tqojqgezdgnbvgy3tqojq,

        """,
        """
        [{"user": "alice", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "name": "phone", "digits": 8},
         {"user": "\\u0062ob", "module": "hotp:work", "name": "key, \\"red\\"", "digits": null,
          "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}]
        """,
    ]) func `a batch is read from CSV and from JSON`(_ text: String) throws {
        // As spreadsheets write it, too.
        for text in [text, "\u{FEFF}" + text] {
            let devices = try batch(text)
            #expect(
                devices.map(summary) == [
                    "alice totp \(ImportTests.seed) algorithm=SHA1 digits=8 period=30",
                    "bob hotp \(ImportTests.seed) algorithm=SHA1 counter=0 digits=6",
                ])
            #expect(devices.map(\.name) == ["phone", "key, \"red\""])
            #expect(devices.map(\.module) == [ModuleID("totp"), ModuleID("hotp", id: "work")])
        }
    }

    @Test(arguments: [
        (
            "user,secret,colour\n",
            "file:1: the header must name each of its columns once, from user, module, name, secret, algorithm, digits, period, counter"
        ),
        ("user,name\n", "file:1: the header has no column user, or none secret"),
        ("user,secret\nalice\n", "file:2: the row has 1 values, and the header 2"),
        ("user,secret\nalice,\"GE\n", "file:2: a quote is not closed"),
        ("user,secret\nalice,\"GE\"x\n", "file:2: something stands behind a closing quote"),
        ("user,secret\nalice,1\n", "file:2: there is no secret in base32"),
        ("user,secret,module\nalice,GE,pin\n", "file:2: the module is 'pin', expected totp or hotp, or one with an id"),
        (
            "[{\"user\": \"alice\",\n \"colour\": 1}]",
            "file:2: 'colour' stands twice, or is none of user, module, name, secret, algorithm, digits, period, counter"
        ),
        ("[{\"user\": \"alice\"} {", "file:1: expected ']'"),
        ("[{\"user\": tru", "file:1: expected a text, a whole number or null"),
        ("[{\"secret\": \"GE\"}]", "file:1: there is no user"), ("[] x", "file:1: something stands behind the list"),
    ]) func `a broken batch is refused by its line`(_ text: String, _ words: String) {
        #expect(refusal { _ = try batch(text) } == words)
    }

    // MARK: Whatever bytes there are

    /// Every reader, on these bytes: a device or a refusal.
    private func readAll(_ bytes: [UInt8]) {
        _ = try? GoogleAuthenticatorFile.read(bytes.span, named: "f", account: "a", now: ImportTests.now)
        _ = try? OATHUsersFile.read(bytes.span, named: "f", now: ImportTests.now)
        _ = try? OTPAuthList.read(bytes.span, named: "f")
        _ = try? MigrationExport.read(bytes.span, named: "f")
        _ = try? BatchFile.read(bytes.span, named: "f")
    }

    static let whole: [String] = [
        googleText, "HOTP/T30/8 alice - \(seed) 1 755224 2026-11-22T11:04:00L\n", migrationText,
        "otpauth://totp/a%20b:c?secret=GEZDGNBVGY3TQOJQ&digits=8&period=60",
        "user,secret\n\"a\"\"b\",GEZDGNBV\n", #"[{"user": "a\u0062", "secret": "GEZDGNBV", "digits": 8}]"#,
    ]

    @Test(arguments: ImportTests.whole) func `no cut and no changed byte of a file traps`(_ text: String) {
        let bytes = Array(text.utf8)
        for count in 0...bytes.count { readAll(Array(bytes[..<count])) }
        for index in bytes.indices {
            for byte in [0, 9, 10, 13, 34, 37, 44, 47, 61, 63, 92, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[index] = byte
                readAll(changed)
            }
        }
    }

    @Test func `no bytes trap`() {
        var random = Random(state: 42)
        for _ in 0..<3000 {
            let payload = (0..<Int(random.next() % 60)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            readAll(payload)
            let digits = payload.map { (($0 < 16 ? "%0" : "%") + String($0, radix: 16)) }.joined()
            readAll(Array("otpauth-migration://offline?data=\(digits)".utf8))
            // What is base64 reaches the reader of Protocol Buffers.
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
            let text = payload.map { alphabet[Int($0 & 63)] }
            readAll(Array("otpauth-migration://offline?data=".utf8) + text)
        }
    }

    /// The same numbers in every run.
    private struct Random {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }
}
