import AdminProtocol
import Authentication

/// Whether a change has been proved good: by a login through what it has changed, and from a session that began with it.
///
/// The shell that the change was typed in proves nothing: it is open already, and stays so whatever the stack does.
struct ConfirmationProof {
    /// The processes that the one who confirms comes from, the nearest first.
    let ancestors: [RunningProgram]
    /// What the daemon has on record, with the run that it is of.
    let run: Int64
    let records: [LoggedRecord]
    /// The processes that have only tried a stack.
    let trials: Set<Int32>
    let administrator: String
    let now: Moment

    /// The programs in whose sessions a service ends.
    private static func programs(of service: String) -> Set<String>? {
        switch service {
        case "sshd": ["sshd", "sshd-session"]
        case "sudo": ["sudo"]
        case "su": ["su"]
        case "login": ["login"]
        case _: nil
        }
    }

    /// Whatever begins a session, for services that begin none themselves.
    private static let anyProgram: Set<String> = [
        "sshd", "sshd-session", "sudo", "su", "login", "gdm-session-worker", "lightdm", "sddm-helper", "greetd",
        "xrdp-sesman",
    ]

    /// What begins no session without somebody having proved who it is. sudo and su may remember that, or let root through.
    private static let askingPrograms = anyProgram.subtracting(["sudo", "su"])

    /// Nil where the change is proved; else what is missing, and what to type.
    func objection(to change: StackChange) -> (found: String, remedy: String)? {
        let service = change.service
        let programs = ConfirmationProof.programs(of: service) ?? ConfirmationProof.anyProgram
        // The nearest: whoever has begun a session within an old one has gone through the stack anew.
        guard let begun = ancestors.first(where: { programs.contains($0.name) }),
            change.precedes(start: begun.start, at: now)
        else {
            return (
                "this shell was open before \(service) was changed, so that it is here proves nothing",
                ConfirmationProof.remedy(change)
            )
        }
        guard change.action == .enable else { return objectionToDisabling(change) }
        guard records.contains(where: { proves(change, $0) && isOf(begun, programs, change, $0) }) else {
            return (
                "twostepd has no login of \(administrator) on record that came through \(service) since then with a code "
                    + "accepted",
                ConfirmationProof.remedy(change)
            )
        }
        return nil
    }

    /// Without a code there is no login on record: then the session itself has to be one that nobody comes by for nothing.
    private func objectionToDisabling(_ change: StackChange) -> (found: String, remedy: String)? {
        let session = ancestors.first { ConfirmationProof.askingPrograms.contains($0.name) }
        guard session.map({ change.precedes(start: $0.start, at: now) }) ?? false else {
            return (
                "the session that this is typed in was open before \(change.service) was changed, and "
                    + "\(change.service) in it need not have asked for anything",
                ConfirmationProof.remedy(change)
            )
        }
        return nil
    }

    /// Whether a record is of the login that this session began with, as far as that can be told.
    private func isOf(
        _ begun: RunningProgram, _ programs: Set<String>, _ change: StackChange, _ record: LoggedRecord
    ) -> Bool {
        let process = record.fields["TWOSTEP_PEER_PID"].flatMap { Int32($0) }
        if let process, trials.contains(process) { return false }
        guard ConfirmationProof.programs(of: change.service) != nil else { return true }
        let first = ancestors.filter { programs.contains($0.name) && change.precedes(start: $0.start, at: now) }
        // sshd asks PAM in a process that is gone by now; the others have done it themselves, before they have begun others.
        if change.service != "sshd", let process { return first.contains { $0.process == process } }
        // The first of a session's processes has seen its login. By the clock on the wall, to the second, since that is what
        // the record has.
        let start = change.service == "sshd" ? first.map(\.start).min() ?? begun.start : begun.start
        return record.at >= now.wall - max(now.boottime - start, 0) / 1000 - 2
    }

    private func proves(_ change: StackChange, _ record: LoggedRecord) -> Bool {
        // Another run of the daemon has begun later, and so has all that it has on record.
        guard run != change.run || record.number > change.record else { return false }
        let fields = record.fields
        // Whom su lets in is who one becomes.
        let names = change.service == "su" ? [administrator, "root"] : [administrator]
        return fields["TWOSTEP_RESULT"] == "granted" && names.contains(fields["TWOSTEP_USER"] ?? "")
            && change.services.contains(fields["TWOSTEP_SERVICE"] ?? "")
            && !(fields["TWOSTEP_MODULES"] ?? "").isEmpty
            // What an administrator has issued, or what was remembered, is no device in a hand.
            && !["remembered", "bypass"].contains(fields["TWOSTEP_REASON"] ?? "")
    }

    private static func remedy(_ change: StackChange) -> String {
        switch change.service {
        case "sshd": "Log in with ssh from another window, and type there: sudo twostep enable --confirm"
        case "login": "Log in at another console (Ctrl-Alt-F2), and type there: sudo twostep enable --confirm"
        // Of those without a code, a session proves something only if it is new as a whole.
        case _ where change.action == .disable:
            "Log in anew in another window, with ssh or at a console, and type there: sudo twostep enable --confirm"
        case "sudo": "Type in another window: sudo -k twostep enable --confirm"
        case "su": "Type in another window: su -c 'twostep enable --confirm'"
        case let service:
            "Go through \(service) once, then log in anew in another window, and type there: "
                + "sudo twostep enable --confirm"
        }
    }
}
