import AdminProtocol
import Daemon
import PAMStacks

/// What a host of a fleet has that it should not, and whether its hubs answer.
struct HubFindings: FindingSource {
    let subject = "hubs"
    let tree: HostTree
    let stateDirectory: String
    let configuration: String
    let upstream: ActiveUpstream
    let runtimeDirectory: String
    let replyLimit: Int64
    /// Unix seconds.
    let now: Int64

    /// How long before its end a certificate is worth a warning, in seconds: a month.
    private static let notice: Int64 = 30 * 86_400

    func findings() -> [CheckFinding] { leftovers + certificate + answers }

    /// What is left of the time when this machine decided itself: whoever steals it has all of that.
    private var leftovers: [CheckFinding] {
        ["/etc/twostep/twostep.key", "\(stateDirectory)/twostep.sqlite"].filter { tree.exists($0) }.map {
            CheckFinding(
                .warning, file: tree.prefix + $0, found: "it is still here, on a host that decides nothing",
                expected: "nothing: it holds what its hubs alone need",
                mend: .command("rm \(Wording.word(tree.prefix + $0))"))
        }
    }

    private var certificate: [CheckFinding] {
        let until = upstream.bundle.until
        guard until - now < HubFindings.notice else { return [] }
        return [
            CheckFinding(
                until <= now ? .problem : .warning, file: upstream.bundle.path,
                found: "the certificate \(until <= now ? "was" : "is") good until \(Wording.day(until))",
                expected: "another, from a hub: twostep host add")
        ]
    }

    private var answers: [CheckFinding] {
        let hubs: [HubStanding]
        do throws(CommandFailure) {
            let connection = try DaemonConnection.open(runtimeDirectory, limit: replyLimit)
            let answer = try connection.ask(.status)
            guard case .status(let status) = answer.reply else { throw connection.misplaced() }
            hubs = status.hubs ?? []
        } catch {
            return [
                CheckFinding(
                    .warning, file: configuration, found: "whether the hubs answer cannot be told without twostepd",
                    isUnseen: true)
            ]
        }
        return hubs.filter { !$0.isWell }.map {
            CheckFinding(
                hubs.contains(where: \.isWell) ? .warning : .problem, file: configuration,
                found: "the hub \($0.place) does not answer: \($0.problem ?? "nothing was heard of it")")
        }
    }
}
