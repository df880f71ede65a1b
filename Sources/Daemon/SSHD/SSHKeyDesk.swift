import Authentication
import Glibc
import PAMStacks
import UnixSocket

/// Serves one connection of the daemon's: asks sshd what is in force for the one that a login has come by, and says
/// whether a security key counts there.
///
/// It runs as root, takes nothing from the daemon but a process and names, and tells it nothing but that.
struct SSHKeyDesk {
    /// How long the daemon may take to say what it wants, in milliseconds.
    private static let patience: Int64 = 2000
    /// What a Match line may look at: all of it is told to sshd.
    private static let criteria: Set<String> = ["user", "group", "host", "address", "localaddress", "localport"]

    /// Answers one question on `connection`.
    func serve(_ connection: Int32) {
        let answer = Array(testimony(connection).line.utf8)
        _ = LocalStream.write(
            Secret(copying: answer.span), to: connection,
            until: Deadline.after(milliseconds: SSHKeyDesk.patience))
    }

    private func testimony(_ connection: Int32) -> SSHKeyTestimony {
        guard ProgramDesk.isDaemon(connection) else { return .doubtful("only twostepd is served") }
        var received = ReceivedBytes(most: SSHKeyQuestion.longestLine)
        let deadline = Deadline.after(milliseconds: SSHKeyDesk.patience)
        while true {
            if let line = received.line() {
                guard let question = SSHKeyQuestion(line: line.text) else {
                    return .doubtful("what was asked makes no sense")
                }
                return testimony(question)
            }
            guard LocalStream.wait(for: connection, Int16(POLLIN), until: deadline),
                received.receive(from: connection) == .some
            else { return .doubtful("nothing whole was asked") }
        }
    }

    /// What is found out about a connection.
    func testimony(_ question: SSHKeyQuestion) -> SSHKeyTestimony {
        do throws(SSHKeyDoubt) {
            let listener = try SSHDListener.above(question.process)
            if let fault = RootOnlyPath.fault(of: listener.program) { throw SSHKeyDoubt(fault) }
            let file = SSHDFile(HostTree(root: "/"), at: listener.configuration)
            for path in file.paths {
                if let fault = RootOnlyPath.fault(of: path) { throw SSHKeyDoubt("sshd's configuration: \(fault)") }
            }
            if let line = file.doubtful.first {
                throw SSHKeyDoubt("\(line) has quotation marks or backslashes that sshd may read otherwise")
            }
            if let unread = file.unread.first {
                throw SSHKeyDoubt("\(unread), which sshd may have read, cannot be looked at")
            }
            if let unknown = file.blocks.flatMap(\.criteria).first(where: {
                !SSHKeyDesk.criteria.contains($0.name)
            }) {
                throw SSHKeyDoubt("a Match line looks at '\(unknown.name)', of which sshd cannot be told")
            }
            // sshd -T writes a path without its quotation marks.
            if let line = file.lines.first(where: { $0.arguments.contains { $0.contains(" ") } && $0.namesKeys }) {
                throw SSHKeyDoubt("\(line.path):\(line.number): a path has a blank in it")
            }
            let settings = try ask(listener, question.connection)
            let loading = try SSHDLoading(of: listener, settings)
            if let change = loading.change(in: file) { throw SSHKeyDoubt(change) }
            guard loading.isBefore(ticks: listener.connectionStart) else {
                throw SSHKeyDoubt("the connection is older than what sshd has read, or as old")
            }
            if let objection = SSHKeyTerms.objections(settings, for: try owner(question.connection.user)).first {
                throw SSHKeyDoubt(objection.found)
            }
            return .counts
        } catch {
            return .doubtful(error.reason)
        }
    }

    private func ask(
        _ listener: SSHDListener, _ connection: SSHDConnection
    ) throws(SSHKeyDoubt) -> SSHDSettings {
        do throws(SSHDFailure) {
            return try HostSSHD(listener.program, configuration: listener.configuration).settings(for: connection)
        } catch {
            throw SSHKeyDoubt("sshd -T has failed: \(error.said.last ?? "")")
        }
    }

    private func owner(_ user: String) throws(SSHKeyDoubt) -> KeyOwner {
        let directory = SystemDirectory()
        guard let name = AccountName(user), case .found(let facts) = directory.account(named: name) else {
            throw SSHKeyDoubt("whose the home of \(user) is cannot be told")
        }
        return KeyOwner(name: user, uid: facts.uid, home: directory.home(of: name) ?? "")
    }
}

extension SSHDLine {
    /// Whether it says where keys are.
    fileprivate var namesKeys: Bool {
        ["authorizedkeysfile", "trustedusercakeys", "authorizedprincipalsfile", "pidfile"].contains(keyword)
    }
}
