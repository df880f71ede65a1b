import AuthPrograms
import Authentication
import AuthenticationTesting
import Testing

/// What the programs are given, and what is refused in the configuration.
@Suite struct NotifyChannelTests {
    @Test func `a command is given a head, the code and the text on its standard input`() throws {
        let scene = try NotifyScene([
            "command": NotifyScene.map([
                ("program", NotifyScene.text("/usr/lib/twostep/programs/sms")),
                ("text", NotifyScene.text("{account}, {service}@{machine}, {host}, {minutes}: {code}!")),
            ])
        ])
        _ = scene.send(try NotifyScene.session())
        let letter = try #require(scene.office.sent.first)
        #expect(letter.program == ProgramName(.command, "notify"))
        #expect(
            letter.text == "To: +49 151 1\nAccount: alice\nDevice: phone\nCode: \(letter.code)\n\n"
                + "alice, sshd@example, 192.0.2.7, 10: \(letter.code)!\n")
    }

    @Test func `a mail has one recipient and a head of ASCII in lines of ours, whatever people are called`() throws {
        let scene = try NotifyScene([
            "mail": NotifyScene.map([
                ("from", NotifyScene.text("login@example.org")),
                ("subject", NotifyScene.text("{account} at {machine}, {service}")),
            ])
        ])
        let session = try NotifyScene.session(of: "zoë")
        _ = scene.module.send(
            Errand(
                session: session, service: "sshd\nBcc: mallory@example.org", host: "a\r\nb", issuer: "example",
                devices: [NotifyScene.device("phone", NotifyScene.payload(2, "zoe@example.org"))], now: scene.now))
        let letter = try #require(scene.office.sent.first)
        let head = letter.text.split(separator: "\n\n").first.map { $0.split(separator: "\n") } ?? []
        #expect(
            head == [
                "From: login@example.org", "To: zoe@example.org",
                "Subject: zo?? at example, sshd?Bcc: mallory@example.org", "Auto-Submitted: auto-generated",
                "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
            ])
        #expect(!letter.code.isEmpty && !head.joined().contains(letter.code))
    }

    @Test(arguments: ["a@b\nBcc: c@d", "a@b, c@d", "a b@c", "-f@b"])
    func `an address that the store was given by somebody else is sent nothing`(_ address: String) throws {
        let scene = try NotifyScene(["mail": NotifyScene.mail])
        let device = NotifyScene.device("phone", NotifyScene.payload(2, address))
        guard case .failed = scene.send(try NotifyScene.session(), to: [device]) else {
            Issue.record("sent to \(address)")
            return
        }
        #expect(scene.office.sent.isEmpty)
    }

    @Test func `a web service is told in JSON, and curl nothing that JSON could end`() throws {
        let scene = try NotifyScene(
            [
                "webhook": NotifyScene.map([
                    ("url", NotifyScene.text("https://push.example.org/login")),
                    ("headers", NotifyScene.map([("Authorization", NotifyScene.text("Bearer \"x\\y"))])),
                    ("ca", NotifyScene.text("/etc/ssl/push.pem")), ("time", NotifyScene.text("7s")),
                ])
            ], office: PostOffice { _, _ in .said("anything\n204") })
        let device = NotifyScene.device("my \"phone\"", NotifyScene.payload(3, "al\"ice\\"))
        guard case .sent = scene.send(try NotifyScene.session(), to: [device]) else {
            Issue.record("not sent")
            return
        }
        let lines = try #require(scene.office.sent.first).text.split(separator: "\n").map(String.init)
        #expect(lines.first == #"url = "https://push.example.org/login""#)
        #expect(
            lines.contains(#"proto = "=https""#) && lines.contains("max-redirs = 0") && lines.contains("max-time = 6"))
        #expect(lines.contains(#"header = "Authorization: Bearer \"x\\y""#))
        #expect(lines.contains(#"cacert = "/etc/ssl/push.pem""#))
        let data = try #require(lines.last)
        #expect(
            data.hasPrefix(
                #"data-raw = "{\"twostep\":1,\"request\":\"notify\",\"kind\":\"webhook\",\"id\":\"notify\","#))
        #expect(data.contains(#"\"to\":\"al\\\"ice\\\\\","#) && data.contains(#"\"device\":\"my \\\"phone\\\"\","#))
        #expect(data.hasSuffix(#"}""#))
        #expect(scene.module.programs.values.map(\.arguments) == [["--disable", "--config", "-"]])
    }

    @Test(arguments: ["", "\n302", "\n404", "\n500", "\n000", "200", "{}", "\n20", "ok\n2000"])
    func `what a web service does not answer in the 200s was not sent`(_ answer: String) throws {
        let scene = try NotifyScene(["webhook": NotifyScene.webhook], office: PostOffice { _, _ in .said(answer) })
        let device = NotifyScene.device("phone", NotifyScene.payload(3, "alice"))
        guard case .failed = scene.send(try NotifyScene.session(), to: [device]) else {
            Issue.record("'\(answer)' was taken for sent")
            return
        }
    }

    struct Broken: Sendable {
        let settings: [String: Setting]
        let says: String
        /// The line that is named; 0 for what is missing.
        let line: Int

        init(_ settings: [String: Setting], _ says: String, line: Int = 7) {
            self.settings = settings
            self.says = says
            self.line = line
        }
    }

    private static func command(_ key: String, _ value: String) -> [String: Setting] {
        ["command": NotifyScene.map([("program", NotifyScene.text("/bin/sms")), (key, NotifyScene.text(value))])]
    }

    private static func mail(_ key: String, _ value: String) -> [String: Setting] {
        [
            "mail": NotifyScene.map(
                [("from", NotifyScene.text("a@b"))].filter { $0.0 != key } + [(key, NotifyScene.text(value))])
        ]
    }

    private static func webhook(_ key: String, _ value: String) -> [String: Setting] {
        [
            "webhook": NotifyScene.map(
                [("url", NotifyScene.text("https://a/"))].filter { $0.0 != key } + [(key, NotifyScene.text(value))])
        ]
    }

    @Test(arguments: [
        Broken([:], "no way to send", line: 0),
        Broken(["command": NotifyScene.map([])], "no program", line: 0),
        Broken(["command": NotifyScene.text("sms")], "expected a map"),
        Broken(command("txt", "{code}"), "the key 'txt' in command", line: 6),
        Broken(command("text", "{code} {user}"), "the placeholder '{user}'"),
        Broken(command("text", "{code} {"), "a '{' that belongs to nothing"),
        Broken(command("text", "{code} }"), "a '}' that belongs to nothing"),
        Broken(command("text", "{ code}"), "the placeholder '{ code}'"),
        Broken(command("text", "{{code}}"), "the placeholder '{{code}'"),
        Broken(command("text", "hello"), "no {code}"),
        Broken(command("text", "{code}\u{1B}[2J"), "a control character"),
        Broken(command("time", "21s"), "expected 1s to 20s"),
        Broken(mail("from", "a"), "expected an address"),
        Broken(mail("from", "a@b\nBcc: c@d"), "expected an address"),
        Broken(mail("subject", "your code is {code}"), "in the text alone"),
        Broken(mail("subject", "two\nlines"), "one line"),
        Broken(webhook("url", "http://a/"), "expected https://"),
        Broken(webhook("url", "https://user:pw@a/"), "expected https://"),
        Broken(webhook("url", "https://a/\"\nurl = \"file:///etc/passwd"), "expected https://"),
        Broken(webhook("ca", "ca.pem"), "absolute path"),
        Broken(webhook("approval", "yes"), "expected true or false"),
        Broken(["command": NotifyScene.command, "messages": NotifyScene.text("0")], "1 to 100"),
        Broken(["command": NotifyScene.command, "window": NotifyScene.text("15")], "1m to 1440m"),
        Broken(
            [
                "webhook": NotifyScene.map([
                    ("url", NotifyScene.text("https://a/")), ("approval", NotifyScene.text("true")),
                    ("text", NotifyScene.text("{code}")),
                ])
            ], "expected one of them"),
        Broken(
            [
                "webhook": NotifyScene.map([
                    ("url", NotifyScene.text("https://a/")),
                    ("headers", NotifyScene.map([("X: y\r\nZ", NotifyScene.text("1"))])),
                ])
            ], "expected a name and printable ASCII"),
    ])
    func `a configuration that could not be meant is refused, with its place`(_ broken: Broken) throws {
        do throws(SettingFailure) {
            _ = try NotifySettings(Settings(broken.settings), of: "the module notify")
            Issue.record("taken: \(broken.settings)")
        } catch {
            #expect(error.explanation.contains(broken.says), "\(error.explanation)")
            #expect(error.line == broken.line, "\(error.explanation)")
        }
    }
}
