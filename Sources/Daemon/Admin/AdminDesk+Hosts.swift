import AdminProtocol
import Authentication
import Cryptography
import Foundation

/// The hosts of the fleet that this hub decides for.
extension AdminDesk {
    /// What is asked for a new certificate.
    struct HostWish: Sendable {
        let name: String
        let services: [String]
        let users: [String]
        /// 1 to 3650; nil for as long as is usual.
        let days: Int64?
        /// In DER and base64: the private half never leaves whoever made it.
        let publicKey: String
    }

    func addHost(_ wish: HostWish, _ answer: AdminAnswer) {
        guard isHub(answer) else { return }
        if let complaint = AdminDesk.complaint(about: wish) { return answer.refuse(.badParameter, complaint) }
        let journal = service.journal
        let now = service.clocks.now().wall
        withStore(answer) { store throws(StoreFailure) in
            let authority = try FleetRegister.authority(in: store, at: now)
            guard let publicKey = Data(base64Encoded: wish.publicKey) else {
                return .refusal(.badParameter, "The public key is no base64.", hint: nil)
            }
            let host: FleetHost
            let certificate: [UInt8]
            do throws(CryptographyFailure) {
                let serial = try Certificate.newSerial()
                host = FleetHost(
                    name: wish.name, serial: FleetAuthority.text(serial), issuedAt: now,
                    until: now + (wish.days ?? RelayTime.hostDays) * 86_400, services: wish.services,
                    users: wish.users)
                certificate = try authority.issue(
                    Certificate(
                        name: wish.name, serial: serial, from: now - RelayTime.leeway, until: host.until,
                        purpose: .host), for: Array(publicKey))
            } catch {
                return .refusal(.badParameter, "No certificate can be made for that key: \(error).", hint: nil)
            }
            let others = try FleetRegister.all(in: store).count {
                $0.host.name == wish.name && $0.host.revokedAt == nil && $0.host.until > now
            }
            try FleetRegister.add(host, to: store, at: now)
            journal.notice(
                "host added host=\(host.name) serial=\(host.serial) services=\(host.services.joined(separator: ",")) "
                    + "users=\(host.users.joined(separator: ","))")
            return .hostAdded(
                IssuedHost(
                    host: RegisteredHost(host), certificate: Data(certificate).base64EncodedString(),
                    authority: Data(authority.certificate).base64EncodedString(), others: others))
        }
    }

    /// How many hosts a page has, and how many bytes the names of services and users of them: far from the longest reply there may
    /// be, however those are quoted.
    private static let hostsAPage = 250
    private static let namesAPage = 256 * 1024

    func hosts(after serial: String?, _ answer: AdminAnswer) {
        guard isHub(answer) else { return }
        guard serial?.isEmpty ?? true else { return listHosts(after: serial, answer) }
        // What is still on its way belongs to it.
        service.ask { _ in
        } deliver: { _ in
            self.listHosts(after: serial, answer)
        }
    }

    private func listHosts(after serial: String?, _ answer: AdminAnswer) {
        let now = service.clocks.now()
        withReading(answer) { store throws(StoreFailure) in
            let page = try FleetRegister.page(
                after: serial ?? "", atMost: serial == nil ? AdminDesk.mostAtOnce : AdminDesk.hostsAPage, in: store)
            guard serial != nil || page.next == nil else { return .tooLong }
            var listed: [RegisteredHost] = []
            var bytes = 0
            for (host, seenAt) in page.hosts {
                bytes += (host.services + host.users).reduce(0) { $0 + $1.utf8.count }
                if serial != nil, bytes > AdminDesk.namesAPage, let last = listed.last {
                    return .hosts(HostListing(hosts: listed, next: last.serial))
                }
                var failures = 0
                for share in RelayShare.allCases {
                    let budget = try store.hostCounter(of: Attempt.budgetKey(of: host.serial, share))
                    failures += Attempt.failures(in: budget, of: share, at: now)
                }
                listed.append(RegisteredHost(host, seenAt: seenAt, failures: failures))
            }
            return .hosts(HostListing(hosts: listed, next: page.next))
        } then: { reply in
            guard case .hosts(let listing) = reply else { return answer(reply) }
            let hosts = listing.hosts.map { $0.connected(self.service.hub.isConnected($0.serial)) }
            answer(.hosts(HostListing(hosts: hosts, next: listing.next)))
        }
    }

    func revokeHost(_ name: String, _ answer: AdminAnswer) {
        guard isHub(answer) else { return }
        let journal = service.journal
        let now = service.clocks.now().wall
        withStore(answer) { store throws(StoreFailure) in
            let revoked = try FleetRegister.revoke(name, in: store, at: now)
            guard !revoked.isEmpty else {
                return .refusal(
                    .badParameter, "No host '\(JournalEntry.printable(name))' has a certificate that is good.",
                    hint: "See which there are: twostep host list")
            }
            for host in revoked { journal.notice("host revoked host=\(host.name) serial=\(host.serial)") }
            return .hostsRevoked(HostListing(hosts: revoked.map { RegisteredHost($0) }))
        } then: { reply in
            if case .hostsRevoked = reply { self.service.hub.dismiss(name) }
            answer(reply)
        }
    }

    /// Whether this machine is a hub; answers that it is none.
    private func isHub(_ answer: AdminAnswer) -> Bool {
        if service.generation.active?.hub != nil { return true }
        answer.refuse(
            .misconfigured, "This machine is no hub: its configuration has no hub.",
            hint: "Where hosts are served: hub: {name: \(HostName.own), listen: '[::]:7443'}")
        return false
    }

    private static func complaint(about wish: HostWish) -> String? {
        guard RegisteredHost.isName(wish.name) else {
            return "'\(JournalEntry.printable(wish.name))' \(RegisteredHost.isNoName)"
        }
        guard !wish.services.isEmpty, !wish.users.isEmpty else { return "Which services, and which users? * is any." }
        for text in wish.services + wish.users
        where AccountName(text.hasPrefix("@") ? String(text.dropFirst()) : text) == nil || text.utf8.contains(0x2C) {
            return "'\(JournalEntry.printable(text))' is no name."
        }
        if let days = wish.days, !(1...3650).contains(days) { return "A certificate is good for 1 to 3650 days." }
        guard wish.services.count + wish.users.count <= 200 else { return "Too many names: make a group of them." }
        return nil
    }
}

extension RegisteredHost {
    fileprivate init(_ host: FleetHost, seenAt: Int64? = nil, failures: Int = 0) {
        self.init(
            name: host.name, serial: host.serial, issuedAt: host.issuedAt, until: host.until,
            services: host.services, users: host.users, revokedAt: host.revokedAt, seenAt: seenAt, failures: failures)
    }

    fileprivate func connected(_ isConnected: Bool) -> RegisteredHost {
        RegisteredHost(
            name: name, serial: serial, issuedAt: issuedAt, until: until, services: services, users: users,
            revokedAt: revokedAt, seenAt: seenAt, isConnected: isConnected, failures: failures)
    }
}
