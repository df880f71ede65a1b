import Authentication
import Glibc
import Testing

/// Which logins a rule is for.
@Suite struct MatchTests {
    private func request(
        _ service: String = "sshd", host: String? = nil, terminal: String? = nil, methods: [String] = [],
        origin: LoginRequest.Origin = .trusted
    ) -> LoginRequest {
        LoginRequest(
            service: service, account: Some.ann, remoteHost: host, terminal: terminal,
            evidence: Evidence(methods: methods), origin: origin)
    }

    // MARK: Which key it is

    @Test func `the first key that does not hold is named, groups last`() throws {
        let window = try #require(TimeWindow("08:00-18:00"))
        let match = Match(
            services: ["sshd"], accounts: [Some.ann], groups: ["staff"],
            networks: [try #require(Network("10.0.0.0/8"))], place: .remote, methods: ["publickey"], times: [window])
        var request = request("sudo")
        request.account = Some.bob
        var named: [Match.Key?] = [match.mismatch(with: request)]
        request.service = "sshd"
        named.append(match.mismatch(with: request))
        request.account = Some.ann
        named.append(match.mismatch(with: request))
        request.remoteHost = "10.1.1.1"
        named.append(match.mismatch(with: request))
        request.evidence.methods = ["publickey ssh-ed25519"]
        named.append(match.mismatch(with: request))
        request.localTime = LocalTime(weekday: 0, minute: 600)
        named.append(match.mismatch(with: request))
        #expect(!match.holds(for: request))
        request.groups = ["staff"]
        named.append(match.mismatch(with: request))
        #expect(match.holds(for: request))
        #expect(named == [.service, .user, .network, .ssh, .time, .group, nil])
        #expect(Match(place: .local).mismatch(with: request) == .from)
    }

    // MARK: Addresses

    @Test(arguments: [
        ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("::FFFF:0a01:0203", true), ("10.1.3.3", false),
        ("10.1.2.3.4", false), ("010.1.2.3", false), ("10.1.2.3%eth0", false), ("10.1.2", false), ("", false),
        ("UNKNOWN", false), ("localhost.evil", false), ("10.1.2.3.evil.example", false), ("0x0a.1.2.3", false),
        ("167838211", false), (" 10.1.2.3", false), ("10.1.2.3 ", false), ("::ffff:10.1.2.3%eth0", true),
    ]) func `an IPv4 network holds its addresses, mapped ones too, and nothing that only looks like one`(
        _ host: String, _ isInside: Bool
    ) throws {
        let match = Match(networks: [try #require(Network("10.1.2.0/24"))])
        #expect(match.holds(for: request(host: host)) == isInside)
    }

    @Test(arguments: [
        ("2001:db8::/32", "2001:db8:1::5", true), ("2001:db8::/32", "2001:db9::5", false),
        ("fe80::/10", "fe80::1%eth0", true), ("fe80::1", "fe80::1%eth0", true), ("::1", "0:0:0:0:0:0:0:1", true),
        ("::/0", "10.0.0.1", false), ("0.0.0.0/0", "::1", false), ("0.0.0.0/0", "255.255.255.255", true),
        ("::ffff:10.0.0.0/104", "10.9.9.9", true), ("10.0.0.0/9", "10.128.0.0", false), ("10.0.0.1", "10.0.0.1", true),
    ]) func `networks of either kind are compared bit by bit`(_ text: String, _ host: String, _ isInside: Bool) throws {
        let network = try #require(Network(text))
        #expect(Match(networks: [network]).holds(for: request(host: host)) == isInside)
    }

    @Test(arguments: [
        "", "10.1.2.3/24", "10.1.2.0/33", "10.1.2.0/-1", "10.1.2.0/", "10.1.2.0/024", "10.1.2/24", "example.org",
        "::1%lo", "2001:db8::/129", "::ffff:10.0.0.0/90", "10.1.2.0/24/8", "/24",
    ]) func `what is no network, or has bits behind its length, is refused`(_ text: String) {
        #expect(Network(text) == nil)
    }

    @Test func `no host is in no network`() throws {
        let match = Match(networks: [try #require(Network("0.0.0.0/0")), try #require(Network("::/0"))])
        #expect(!match.holds(for: request()))
        #expect(!match.holds(for: request("sudo", terminal: "/dev/pts/1")))
    }

    @Test func `addresses are read as inet_pton reads them`() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "0", "1", "ff", "ffff", "12345", ":", "::", ".", "10", "255", "256", "01", "abcd", "g", "1.2.3.4",
        ]
        for _ in 0..<200_000 {
            let text = (0..<Int.random(in: 1...10, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            var bytes = [UInt8](repeating: 0, count: 16)
            let isFour = unsafe inet_pton(AF_INET, text, &bytes) == 1
            var expected: [UInt8]? = isFour ? Array(bytes.prefix(4)) : nil
            if !isFour, unsafe inet_pton(AF_INET6, text, &bytes) == 1 {
                let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
                expected = bytes.starts(with: mapped) ? Array(bytes.dropFirst(12)) : bytes
            }
            #expect(IPAddress(text)?.bytes == expected, "\(text)")
        }
    }

    // MARK: Places

    @Test(
        arguments: [
            ("sshd", nil, "ssh", Match.Place.remote), ("sshd", "", nil, .remote), ("login", nil, "/dev/tty1", .local),
            ("login", nil, "tty1", .local), ("login", "192.0.2.1", "tty1", .remote), ("login", nil, "pts/3", nil),
            ("gdm", nil, ":0", .local), ("login", nil, "ttyS0", .local), ("login", nil, "/dev/console", .local),
            ("sudo", nil, "/dev/tty1", nil), ("su-l", nil, "/dev/tty1", nil), ("cron", nil, nil, nil),
            ("login", nil, "tty", nil), ("login", nil, "ttyp0", nil), ("login", nil, ":", nil),
        ] as [(String, String?, String?, Match.Place?)])
    func `local is a console without a remote host, and sshd is always remote`(
        _ service: String, _ host: String?, _ terminal: String?, _ place: Match.Place?
    ) {
        let request = request(service, host: host, terminal: terminal)
        #expect(Match.place(of: request) == place)
        #expect(Match(place: .local).holds(for: request) == (place == .local))
        #expect(Match(place: .remote).holds(for: request) == (place == .remote))
    }

    @Test func `who speaks for himself is in no place`() {
        let own = request("login", terminal: "tty1", origin: .accountItself(uid: 1000))
        #expect(!Match(place: .local).holds(for: own))
        #expect(!Match(place: .remote).holds(for: own))
    }

    // MARK: How ssh has authenticated

    @Test(arguments: [
        (["publickey"], ["publickey ssh-ed25519"], true), (["publickey ssh-ed25519"], ["publickey ssh-ed25519"], true),
        (["publickey ssh-ed25519"], ["publickey sk-ssh-ed25519@openssh.com"], false),
        (["publickey ssh"], ["publickey ssh-ed25519"], false), (["password"], ["publickey ssh-rsa"], false),
        (["password", "publickey"], ["publickey ssh-rsa"], true), (["publickey"], [], false),
        (["public"], ["publickey ssh-rsa"], false),
    ]) func `methods are compared word by word`(_ wanted: [String], _ lines: [String], _ holds: Bool) {
        #expect(Match(methods: Set(wanted)).holds(for: request(methods: lines)) == holds)
    }

    // MARK: Groups

    @Test func `a group is what the directory says, and only rules that may come first ask for theirs`() throws {
        let policy = Policy(
            chains: [],
            rules: [
                Rule(Match(services: ["cron"], groups: ["a"]), line: 1), Rule(Match(groups: ["b", "c"]), line: 2),
                Rule(Match(services: ["sshd"]), line: 3), Rule(Match(groups: ["d"]), line: 4),
            ])
        #expect(policy.groupsThatMatter(for: request("sshd")) == ["b", "c"])
        #expect(policy.groupsThatMatter(for: request("cron")) == ["a", "b", "c", "d"])
        var member = request("sshd")
        member.groups = ["c"]
        #expect(Match(groups: ["b", "c"]).holds(for: member))
        #expect(!Match(groups: ["b"]).holds(for: member))
        #expect(!Match(groups: ["b", "c"]).holds(for: request("sshd")))
    }

    // MARK: Times

    @Test(arguments: [
        ("Mon-Fri 08:00-18:00", 0, "08:00", true), ("Mon-Fri 08:00-18:00", 4, "17:59", true),
        ("Mon-Fri 08:00-18:00", 4, "18:00", false), ("Mon-Fri 08:00-18:00", 5, "12:00", false),
        ("Sat,Sun", 6, "00:00", true), ("sat,sun", 4, "23:59", false), ("22:00-06:00", 2, "23:00", true),
        ("22:00-06:00", 2, "05:59", true), ("22:00-06:00", 2, "06:00", false), ("Fri 22:00-06:00", 5, "05:00", true),
        ("Fri 22:00-06:00", 4, "05:00", false), ("Sun 22:00-06:00", 0, "01:00", true), ("Sat-Mon", 0, "12:00", true),
        ("Sat-Mon", 1, "12:00", false), ("00:00-24:00", 3, "23:59", true), ("Wed 18:00-24:00", 3, "00:00", false),
    ]) func `a time window is days, hours or both, over midnight and the week's end`(
        _ text: String, _ weekday: Int, _ time: String, _ isInside: Bool
    ) throws {
        let window = try #require(TimeWindow(text))
        let parts = time.split(separator: ":").compactMap { Int($0) }
        let now = LocalTime(weekday: weekday, minute: parts[0] * 60 + parts[1])
        #expect(window.contains(now) == isInside)
        var request = request()
        #expect(!Match(times: [window]).holds(for: request))
        request.localTime = now
        #expect(Match(times: [window]).holds(for: request) == isInside)
    }

    @Test(arguments: [
        "", " ", "Mon Fri", "Monday", "8:00-18:00", "08:00", "08:00-08:00", "24:00-06:00", "08:60-09:00",
        "08:00-25:00", "Mon-Fri  08:00-18:00", "Mon-Fri 08:00-18:00 UTC", "08:00-18:00 Mon", "Mon-", "-Fri", ",",
        "Mon-Tue-Wed", "٠٨:٠٠-١٨:٠٠",
    ]) func `what is no time window is refused`(_ text: String) { #expect(TimeWindow(text) == nil) }

    // MARK: All together

    @Test func `all that a rule says must hold`() throws {
        let match = Match(
            services: ["sshd"], accounts: [Some.ann], networks: [try #require(Network("10.0.0.0/8"))],
            methods: ["publickey"])
        #expect(match.holds(for: request(host: "10.0.0.1", methods: ["publickey ssh-rsa"])))
        #expect(!match.holds(for: request(host: "11.0.0.1", methods: ["publickey ssh-rsa"])))
        #expect(!match.holds(for: request(host: "10.0.0.1", methods: ["password"])))
        #expect(!match.holds(for: request("login", host: "10.0.0.1", methods: ["publickey ssh-rsa"])))
        #expect(Match().holds(for: request()))
    }

    @Test func `a rule's session, echo and prompt reach the plan`() throws {
        let chain = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(Some.totp)])
        let rule = Rule(
            Match(), sessionLifetime: 60_000, echo: true, prompt: "Code of the phone", line: 3)
        let plan = try Policy(chains: [chain], rules: [rule]).plan(for: request(), at: Some.moment(0))
        #expect(plan.sessionLifetime == 60_000 && plan.echo == true && plan.prompt == "Code of the phone")
        let form = InputSchema([InputField(name: "code", label: "Code", kind: .secret)])
        #expect(form.with(label: plan.prompt, echo: plan.echo).fields[0].kind == .visible)
        #expect(form.with(label: plan.prompt, echo: nil).fields[0].label == "Code of the phone")
        #expect(form.with(label: nil, echo: nil) == form)
    }
}
