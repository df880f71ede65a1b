import AdminProtocol
import ArgumentParser
import Cryptography

/// `twostep host`: the hosts of a fleet that ask this hub.
struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Say which hosts may ask this hub, and about whom.",
        discussion: "Example: twostep host add web17 --services sshd,sudo --users @staff",
        subcommands: [HostListCommand.self, HostAddCommand.self, HostRevokeCommand.self],
        defaultSubcommand: HostListCommand.self)
}

/// `twostep host list`: who has a certificate.
struct HostListCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the hosts that have a certificate. This is what happens without a verb.",
        discussion: "Example: twostep host list")

    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let hosts = try connection.hosts()
        var table = Table(header: ["HOST", "SERIAL", "GOOD UNTIL", "SERVICES", "USERS", "LAST SEEN", "FAILURES"])
        for host in hosts {
            let until = host.revokedAt.map { "revoked \(Wording.day($0))" } ?? Wording.day(host.until)
            let seen = host.isConnected ? "connected" : host.seenAt.map { Wording.moment($0) } ?? "never"
            table.append([
                host.name, String(host.serial.prefix(16)), until, host.services.joined(separator: ","),
                host.users.joined(separator: ","), seen, String(host.failures),
            ])
        }
        return Report(
            text: hosts.isEmpty ? "No host has a certificate." : table.lines.joined(separator: "\n"),
            json: .object([("hosts", .list(hosts.map(\.document)))]))
    }
}

/// `twostep host add`: a certificate for a host.
struct HostAddCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Issue a certificate, with which a host may ask the hubs.",
        discussion: """
            The key is made here and written with the certificate to one file, which is to be brought to the host and kept nowhere else. \
            Without --services and --users the host may ask for sshd and sudo, about everybody but root.
            Example: twostep host add web17 --users @staff --hubs hub1.example.org:7443,hub2.example.org:7443
            """)

    @Argument(help: "The host's name: letters, digits, '.', '-' and '_'.") var name: String
    @Option(help: ArgumentHelp("Services that it may ask for, with commas between them; * is any.", valueName: "names"))
    var services = "sshd,sudo,sudo-i"
    @Option(
        help: ArgumentHelp(
            "Accounts that it may ask about: names, @group, or * for everybody but uid 0.", valueName: "names"))
    var users = "*"
    @Option(help: ArgumentHelp("For how many days the certificate is good.", valueName: "number")) var days: Int64?
    @Option(
        help: ArgumentHelp("The hubs that the host is to ask, for what is to be written there.", valueName: "places"))
    var hubs: String?
    @Option(name: .customLong("out"), help: ArgumentHelp("Where to write it. Without it, NAME.pem.", valueName: "file"))
    var path: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard RegisteredHost.isName(name) else {
            throw CommandFailure(.refused, code: .badParameter, "\(Wording.word(name)) \(RegisteredHost.isNoName)")
        }
        let file = path ?? "\(name).pem"
        var bundle = try BundleFile(at: file)
        let key = try HostAddCommand.newKey()
        let publicKey = try HostAddCommand.publicKey(of: key)
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(
            .addHost(
                name: name, services: HostAddCommand.words(services), users: HostAddCommand.words(users), days: days,
                publicKey: Base64.text(publicKey.span)))
        guard case .hostAdded(let issued) = answer.reply else { throw connection.misplaced() }
        if let fault = bundle.write(issued, key, hubs: hubs) {
            throw CommandFailure(
                .refused, code: .files, "\(file) cannot be written: \(fault).",
                hint: """
                    Type it again with another --out. The certificate that was issued is of no use to anybody: its key is gone.
                    """)
        }
        return report(issued, file)
    }

    private static func newKey() throws(CommandFailure) -> SigningKey {
        do throws(CryptographyFailure) {
            return try SigningKey()
        } catch {
            throw CommandFailure(.refused, code: .internal, "libcrypto makes no key: \(error).")
        }
    }

    private static func publicKey(of key: borrowing SigningKey) throws(CommandFailure) -> [UInt8] {
        do throws(CryptographyFailure) {
            return try key.publicKey()
        } catch {
            throw CommandFailure(.refused, code: .internal, "libcrypto makes no key: \(error).")
        }
    }

    private static func words(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
    }

    private func report(_ issued: IssuedHost, _ file: String) -> Report {
        let list = (hubs ?? "hub1.example.org:7443").split(separator: ",").joined(separator: ", ")
        var text = """
            \(name) may ask until \(Wording.day(issued.host.until)) for \(issued.host.services.joined(separator: ", ")), \
            about \(issued.host.users.joined(separator: ", ")).
            Its certificate and key are in \(file). Bring it to the host over a way that nobody reads along, and delete it here:
              scp \(Wording.word(file)) root@\(name):/etc/twostep/host.pem && rm \(Wording.word(file))
            There: chown root:twostep /etc/twostep/host.pem && chmod 0640 /etc/twostep/host.pem
            And in /etc/twostep/config.yaml, in place of all else:
              upstream: {hubs: [\(list)], bundle: /etc/twostep/host.pem}
            """
        if issued.others > 0 {
            text += "\n\(Wording.count(issued.others, "older certificate")) of \(name) stay good: see twostep host list"
        }
        return Report(
            text: text, json: .object([("host", issued.host.document), ("file", .text(file))]),
            change: "Issued a certificate for \(name).")
    }
}

/// `twostep host revoke`: a host asks no more.
struct HostRevokeCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke every certificate of a host: its connections end at once.",
        discussion: "Example: twostep host revoke web17")

    @Argument(help: "The host's name.") var name: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.revokeHost(name: name))
        guard case .hostsRevoked(let listing) = answer.reply else { throw connection.misplaced() }
        let text = """
            Revoked \(Wording.count(listing.hosts.count, "certificate")) of \(name). It asks nothing more, and is closed at every hub within seconds.
            """
        return Report(text: text, json: .object([("hosts", .list(listing.hosts.map(\.document)))]), change: text)
    }
}

extension RegisteredHost {
    /// The members that every document has which speaks of a host.
    fileprivate var document: JSONValue {
        .object([
            ("name", .text(name)), ("serial", .text(serial)), ("issued_at", .integer(issuedAt)),
            ("until", .integer(until)), ("services", .list(services.map { .text($0) })),
            ("users", .list(users.map { .text($0) })), ("revoked_at", .integer(revokedAt)),
            ("seen_at", .integer(seenAt)), ("connected", .boolean(isConnected)),
            ("failures", .integer(Int64(failures))),
        ])
    }
}
