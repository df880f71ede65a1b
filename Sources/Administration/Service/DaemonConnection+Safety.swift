import AdminProtocol

/// What has to be known before logins are made harder.
extension DaemonConnection {
    /// The run of the daemon, and the number of its newest record.
    borrowing func newestRecord() throws(CommandFailure) -> (run: Int64, number: Int64) {
        let answer = try ask(.records(after: .max, atMost: 0))
        guard case .records(let listing) = answer.reply else { throw misplaced() }
        return (listing.run, listing.newest)
    }

    /// All records behind one of a run; all there are, of another run.
    borrowing func records(
        after number: Int64, of run: Int64
    ) throws(CommandFailure) -> (run: Int64, records: [LoggedRecord]) {
        let present = try newestRecord()
        var cursor = present.run == run ? number : 0
        var records: [LoggedRecord] = []
        while true {
            let answer = try ask(.records(after: cursor, atMost: 100))
            guard case .records(let page) = answer.reply else { throw misplaced() }
            // A daemon that has been started anew meanwhile counts from the beginning.
            guard page.run == present.run else { return (page.run, []) }
            records += page.records
            guard page.cursor > cursor, page.cursor < page.newest else { return (page.run, records) }
            cursor = page.cursor
        }
    }

    /// Throws where the daemon would refuse every login, now or once it has been started anew; returns the path of its
    /// configuration.
    borrowing func checkServing() throws(CommandFailure) -> String {
        let answer = try ask(.status)
        guard case .status(let status) = answer.reply else { throw misplaced() }
        guard status.isServing else {
            let why = status.problems.first ?? status.store.problem ?? "it does not say why"
            throw CommandFailure(
                .refused, code: .lockout, "twostepd refuses every login at present: \(why). Nothing was changed.",
                hint: "See: twostep status")
        }
        guard status.problems.isEmpty else {
            throw CommandFailure(
                .refused, code: .lockout,
                "The configuration is broken, so that twostepd will refuse every login when it is started anew. "
                    + "Nothing was changed.",
                hint: "See what is wrong with it: twostep check")
        }
        return status.configuration.path
    }

    /// Throws where nobody would be asked for a code, since nothing proves a first factor to a service. `caller` is the uid
    /// that its program runs as, nil for root's.
    borrowing func checkEvidence(
        of service: String, for account: String, caller: UInt32? = nil
    ) throws(CommandFailure) {
        let answer = try ask(.explain(login: SupposedLogin(service: service, account: account, caller: caller)))
        guard case .explained(let explanation) = answer.reply else { throw misplaced() }
        let endings = explanation.ways.map(\.ending) + [explanation.ending].compactMap { $0 }
        guard !endings.isEmpty, endings.allSatisfy({ $0.reason == "no_evidence" }) else { return }
        throw CommandFailure(
            .refused, code: .lockout,
            "Nobody would get in by \(service): no line above ours would ask for a password, and the provider pam "
                + "needs one. Nothing was changed.",
            hint: "Where the code alone is to do, write it into the configuration: "
                + "policy: [{match: {service: \(service)}, first_factor: none}]")
    }

    /// Those of these who have a device and recovery codes; throws where nobody has.
    borrowing func checkRecovery(of names: [String]) throws(CommandFailure) -> [String] {
        var ready: [String] = []
        try reports { accounts in
            for account in accounts where names.contains(account.account) {
                let hasCodes = account.devices.contains { $0.module.type == "recovery_code" && $0.problem == nil }
                let issued = ["recovery_code", "bypass", "ticket"]
                let hasDevice = account.devices.contains { !issued.contains($0.module.type) && $0.problem == nil }
                if hasCodes, hasDevice, account.codesLeft ?? 0 > 0 { ready.append(account.account) }
            }
        }
        guard !ready.isEmpty else {
            let who = names.joined(separator: " nor ")
            let first = Wording.word(names[0])
            throw CommandFailure(
                .refused, code: .lockout,
                "Nobody could come back in without a phone: "
                    + (names.count > 1 ? "neither \(who) has" : "\(who) does not have")
                    + " a device and recovery codes. Nothing was changed.",
                hint:
                    "Codes come with a first device: twostep enroll \(first) totp\n"
                    + "Where there is a device and only the codes are missing: twostep enroll \(first) recovery_code\n"
                    + "Where that module is not configured, let the configuration ask for any_of: [totp, recovery_code]."
            )
        }
        return ready
    }
}
