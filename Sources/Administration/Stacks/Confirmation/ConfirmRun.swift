import AdminProtocol

/// Makes what waits for its confirmation stay, as far as it is proved good.
struct ConfirmRun {
    let run: StackChangeRun
    let runtimeDirectory: String
    let replyLimit: Int64

    func perform() throws(CommandFailure) -> Report {
        try run.ledger.prepare()
        let lock = try run.ledger.lock()
        defer { lock.release() }
        let all = run.ledger.changes
        let now = run.host.moment
        let waiting = all.filter { $0.phase == .pending && !$0.isDue(at: now) }
        guard !waiting.isEmpty else {
            let isLate = all.contains { $0.isDue(at: now) }
            throw CommandFailure(
                .refused, code: .pending,
                isLate ? "It is too late: the change is being undone." : "Nothing waits for a confirmation.",
                hint: isLate ? "Enable the service anew, with more time: --confirm-within 10m" : nil)
        }
        var kept: [StackChange] = []
        var objections: [(found: String, remedy: String)] = []
        for change in waiting {
            if let objection = try objection(to: change) {
                objections.append(("\(change.service): \(objection.found)", objection.remedy))
                continue
            }
            var change = change
            change.phase = .kept
            try run.ledger.save(change)
            try run.settle(change, among: all)
            kept.append(change)
        }
        run.stopTimerIfIdle()
        guard !kept.isEmpty else {
            throw CommandFailure(
                .refused, code: .pending,
                "Not confirmed. " + objections.map(\.found).joined(separator: "; ") + ".",
                hint: Set(objections.map(\.remedy)).sorted().joined(separator: "\n"))
        }
        var lines = kept.map { change in
            change.action == .enable
                ? "Confirmed: \(change.service) asks for a code from now on."
                : "Confirmed: \(change.service) asks for no code from now on."
        }
        lines += objections.flatMap { ["Not confirmed. \($0.found).", $0.remedy] }
        return Report(
            objections.isEmpty ? .done : .refused, text: lines.joined(separator: "\n"),
            json: .object([
                ("confirmed", .list(kept.map { .text($0.service) })),
                ("not_confirmed", .list(objections.map { .text($0.found) })),
            ]), change: lines.joined(separator: " "))
    }

    private func objection(to change: StackChange) throws(CommandFailure) -> (found: String, remedy: String)? {
        var found: (run: Int64, records: [LoggedRecord]) = (0, [])
        // A login that asks for no code leaves no record.
        if change.action == .enable {
            let connection = try DaemonConnection.open(runtimeDirectory, limit: replyLimit)
            found = try connection.records(after: change.record, of: change.run)
        }
        let proof = ConfirmationProof(
            ancestors: run.host.ancestors, run: found.run, records: found.records,
            trials: run.ledger.trials, administrator: run.host.administrator, now: run.host.moment)
        return proof.objection(to: change)
    }
}
