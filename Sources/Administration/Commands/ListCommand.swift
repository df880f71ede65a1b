import AdminProtocol
import ArgumentParser

/// `twostep list`: who has which device, and who has failed.
struct ListCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the devices and the failures of one user, or of all.",
        discussion: """
            Whoever is not root sees their own, where the configuration lets them (self_service).
            Example: twostep list alice
            """)

    @Argument(help: "The local account; all of them without it, or your own.") var user: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let isOwn = world.isAboutOneself(user)
        let connection = try DaemonConnection.open(
            service.runtimeDirectory, isOwn ? .own : .administration, limit: world.replyLimit)
        guard isOwn else { return report(try connection.listing(of: user), isOwn: false, in: world) }
        let answer = try connection.ask(own: .list)
        guard case .listing(let listing) = answer.reply else { throw connection.misplaced() }
        return report(listing, isOwn: true, in: world)
    }

    private func report(_ listing: Listing, isOwn: Bool, in world: AdministrationWorld) -> Report {
        Report(text: text(listing, isOwn: isOwn, in: world), json: json(listing))
    }

    private func text(_ listing: Listing, isOwn: Bool, in world: AdministrationWorld) -> String {
        var lines: [String] = []
        if listing.devices.isEmpty, isOwn {
            lines.append("You have no device.")
        } else if listing.devices.isEmpty {
            lines.append(user.map { "\($0) has no device." } ?? "Nobody has a device.")
            if let absence = user.flatMap({ world.absence(of: $0) }) { lines.append(absence) }
        } else {
            // As wide as 80 columns for names of eight characters.
            var table = Table(header: ["ACCOUNT", "DEVICE", "MODULE", "CREATED", "LAST USED", "PARAMETERS"])
            for device in listing.devices {
                table.append([
                    device.account, device.device, device.module.name, Wording.day(device.createdAt),
                    device.lastUsedAt.map(Wording.moment) ?? "never", device.description ?? "unknown",
                ])
            }
            lines += table.lines
            lines += listing.devices.compactMap { device in
                device.problem.map { "\(device.account)'s '\(device.device)' does not work: \($0)" }
            }
        }
        lines += (listing.blocks ?? []).map(\.sentence)
        for counter in listing.counters {
            let last = counter.lastFailureAt.map { ", the last at \(Wording.moment($0))" } ?? ""
            let standing =
                switch counter.standing {
                case .open: ""
                case .delayed: "; must wait for \(Wording.span(seconds: counter.delaySeconds))"
                case .locked: isOwn ? "; locked" : "; locked until: twostep unlock \(counter.account)"
                }
            let failures = "\(Wording.count(counter.failures, "failure")) with \(counter.module.name)"
            lines.append("\(counter.account): \(failures)\(last)\(standing)")
        }
        return lines.joined(separator: "\n")
    }

    private func json(_ listing: Listing) -> JSONValue {
        let devices = listing.devices.map { device in
            JSONValue.object([("account", .text(device.account))] + device.members)
        }
        let failures = listing.counters.map { counter in
            JSONValue.object(
                [("account", .text(counter.account))] + counter.module.members + [
                    ("failures", .integer(Int64(counter.failures))),
                    ("last_failure_at", .integer(counter.lastFailureAt)),
                    ("standing", .text(counter.standing.rawValue)), ("delay_seconds", .integer(counter.delaySeconds)),
                ])
        }
        return .object([
            ("devices", .list(devices)), ("failures", .list(failures)),
            ("blocks", .list((listing.blocks ?? []).map { .object($0.members) })),
        ])
    }
}

extension EnrolledDevice {
    /// The members that every document has which speaks of a device, but for whose it is.
    var members: [(String, JSONValue)] {
        module.members + [
            ("device", .text(device)), ("description", .text(description)), ("created_at", .integer(createdAt)),
            ("last_used_at", .integer(lastUsedAt)), ("problem", .text(problem)),
        ]
    }
}
