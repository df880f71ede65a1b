import AdminProtocol
import Authentication

/// What lets people off modules for a while.
extension AdminDesk {
    /// How many grants one answer has: with the longest names it is far from the longest reply there may be.
    private static let pageSize = 200

    func listGrants(before id: Int?, _ name: String?, _ answer: AdminAnswer) {
        guard let name else { return listGrants(before: id, of: nil, answer) }
        withName(name, answer) { self.listGrants(before: id, of: $0, answer) }
    }

    private func listGrants(before id: Int?, of account: AccountName?, _ answer: AdminAnswer) {
        withLivingGrants { grants in
            let meant = grants.filter { grant in
                (id.map { grant.id < $0 } ?? true) && (account == nil || grant.key.account == account)
            }
            answer(.grants(self.listing(of: meant)))
        }
    }

    private func listing(of grants: [Grant]) -> GrantListing {
        let page = grants.prefix(AdminDesk.pageSize)
        return GrantListing(grants: page.map { describe($0) }, others: grants.count - page.count)
    }

    /// With neither an id nor an account all of them.
    func revokeGrants(_ id: Int?, _ name: String?, _ answer: AdminAnswer) {
        guard let name else { return revokeGrants(id, of: nil, answer) }
        withName(name, answer) { self.revokeGrants(id, of: $0, answer) }
    }

    private func revokeGrants(_ id: Int?, of account: AccountName?, _ answer: AdminAnswer) {
        // What is over by now need not be spoken of, but goes as well.
        let now = service.clocks.now()
        let revoked = service.grants.revoke { grant in
            (id == nil || grant.id == id) && (account == nil || grant.key.account == account)
        }.filter { $0.holds(at: now, within: .max) }
        if let id, revoked.isEmpty {
            return answer.refuse(
                .unknownGrant, "There is no grant \(id).", hint: "It may be over by now. See: twostep grants")
        }
        for grant in revoked {
            service.journal.notice(
                "grant revoked user=\"\(grant.key.account)\" service=\(grant.key.service) "
                    + "tty=\(grant.key.session.terminal)")
        }
        answer(.grantsRevoked(listing(of: revoked)))
    }

    /// Those that still hold and whose sessions still are; the others are dropped on the way.
    func withLivingGrants(_ body: @escaping ([Grant]) -> Void) {
        service.grants.sweep(at: service.clocks.now(), generation: service.generation.number)
        service.dropEndedGrants { body(self.service.grants.all) }
    }

    func describe(_ grant: Grant) -> RememberedLogin {
        let (left, overflow) = grant.expiresAt.subtractingReportingOverflow(service.clocks.now().boottime)
        return RememberedLogin(
            id: grant.id, account: grant.key.account.text, service: grant.key.service,
            terminal: grant.key.session.terminal, leader: grant.key.session.leader,
            steps: grant.key.steps.map { step in step.alternatives.map { ModuleReference($0) } },
            secondsLeft: overflow ? 0 : (max(left, 0) + 999) / 1000)
    }
}
