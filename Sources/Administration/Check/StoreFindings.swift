import AdminProtocol
import Authentication
import Daemon

/// The store: every page, every row, every secret. twostepd looks, or where there is none that could, this process.
struct StoreFindingSource: FindingSource {
    let subject = "store"
    let stateDirectory: String
    /// The database that is the store instead, nil where there is none.
    let database: String?
    let keyFile: String
    let runtimeDirectory: String
    let isRoot: Bool
    let replyLimit: Int64

    func findings() -> [CheckFinding] {
        if let database {
            return [CheckFinding(.warning, file: database, found: OfflineStore.elsewhere(database), isUnseen: true)]
                + sharing(database)
        }
        let file = stateDirectory
        guard isRoot else {
            return [CheckFinding(.warning, file: file, found: "only root may look into it", isUnseen: true)]
        }
        do throws(CommandFailure) {
            return try askDaemon()
        } catch {
            // One that serves and cannot use its store says less of it than can be seen.
            guard error.status == .unreachable || error.refusal.code == .storeUnavailable else {
                return [CheckFinding(.problem, file: file, found: error.refusal.message)]
            }
        }
        do throws(StoreFailure) {
            return try OfflineStore.findings(in: stateDirectory, keyFile: keyFile).map {
                CheckFinding(.problem, file: file, found: $0)
            }
        } catch {
            return [CheckFinding(.problem, file: file, found: error.description)]
        }
    }

    /// What twostepd knows of a database that is shared, where it can be asked.
    private func sharing(_ database: String) -> [CheckFinding] {
        guard let connection = try? DaemonConnection.open(runtimeDirectory, limit: replyLimit),
            let answer = try? connection.ask(.status), case .status(let status) = answer.reply
        else { return [] }
        return (status.sharing?.warnings ?? []).map { CheckFinding(.warning, file: database, found: $0) }
    }

    private func askDaemon() throws(CommandFailure) -> [CheckFinding] {
        // A large store takes its time.
        let connection = try DaemonConnection.open(runtimeDirectory, limit: max(replyLimit, 300_000))
        let answer = try connection.ask(.checkStore)
        guard case .storeFindings(let found) = answer.reply else { throw connection.misplaced() }
        return found.findings.map { CheckFinding(.problem, file: found.path, found: $0) }
    }
}
