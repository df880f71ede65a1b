import Authentication
import AuthModules
import AuthPrograms
import AuthProviders
import CPOSIX
import Configuration
import Glibc
import UnixSocket

/// Serves one connection of the daemon's: starts the program that it names, as the configuration has it.
///
/// It runs as root, and takes nothing from the daemon but a name and a question: what is run, with which arguments and for
/// how long, is read from the configuration, which root alone can write.
struct ProgramDesk {
    let configuration: String
    let allowsInsecure: Bool
    /// Whether what is started here reaches the network.
    let reachesNetwork: Bool
    let hidden: [String]?

    /// How long the daemon may take to say what it wants, in milliseconds.
    private static let patience: Int64 = 2000

    /// Answers one question on `connection`; `user` is who the program runs as.
    func serve(_ connection: Int32, as user: ProgramUser?) {
        let run = answer(connection, user)
        let deadline = Deadline.after(milliseconds: ProgramDesk.patience)
        let head = Array(ProgramExchange.head(run).utf8)
        guard LocalStream.write(Secret(copying: head.span), to: connection, until: deadline) else { return }
        if case .ended(let output) = run {
            _ = LocalStream.write(output.bytes, to: connection, until: deadline)
        }
    }

    private func answer(_ connection: Int32, _ user: ProgramUser?) -> ProgramRun {
        guard ProgramDesk.isDaemon(connection) else { return .failed("only twostepd is served") }
        var received = ReceivedBytes(most: Contract.longestRequest + ProgramExchange.longestHead)
        let deadline = Deadline.after(milliseconds: ProgramDesk.patience)
        var wanted: (program: ProgramName, start: Int, count: Int)?
        while true {
            if let wanted, received.count >= wanted.start + wanted.count { break }
            if wanted == nil, let line = received.line() {
                guard line.next <= ProgramExchange.longestHead, let head = ProgramExchange.parse(head: line.text) else {
                    return .failed("what was asked makes no sense")
                }
                wanted = (head.program, line.next, head.count)
                continue
            }
            guard LocalStream.wait(for: connection, Int16(POLLIN), until: deadline),
                received.receive(from: connection) == .some
            else { return .failed("nothing whole was asked") }
        }
        guard let wanted, received.count == wanted.start + wanted.count else {
            return .failed("more was asked than said")
        }
        // Not before the question is read: who hangs up on one that is being written is not heard.
        guard let user else { return .failed("there is no user that it could run as") }
        switch settings(of: wanted.program) {
        case .failure(let fault): return .failed(fault.explanation)
        case .success(let settings):
            guard settings.mayReachNetwork == reachesNetwork else {
                return .failed("network: is \(settings.mayReachNetwork) in the configuration")
            }
            return ConfinedRun(settings, as: user, hiding: hidden)
                .run(asking: received.bytes(from: wanted.start), for: connection)
        }
    }

    /// Whether root or the daemon's user is at the other end.
    static func isDaemon(_ connection: Int32) -> Bool {
        var peer = posix_peer_credentials()
        guard unsafe posix_peer_credentials(connection, &peer) == 0 else { return false }
        return peer.uid == 0 || peer.uid == (try? Privileges.target())?.uid
    }

    /// What the configuration says of a program.
    private func settings(of program: ProgramName) -> Result<ProgramSettings, ProviderFailure> {
        let reader = ConfigurationReader(
            modules: ModuleRegistry.types + ProgramRegistry.modules(nil, RunningCodes())
                + SecurityKeyRegistry.modules(nil, hostName: "localhost"),
            providers: ProviderRegistry.types + ProgramRegistry.providers(nil), hostName: "localhost",
            allowsInsecure: allowsInsecure)
        if let fault = ConfigurationFolder.fault(above: configuration) { return .failure(ProviderFailure(fault)) }
        switch reader.load(configuration) {
        case .failure(let problems):
            return .failure(
                ProviderFailure("the configuration is broken: \(problems.all.first?.description ?? configuration)"))
        case .success(let read):
            let all: [any Sendable] =
                switch program.kind {
                case .module, .command, .mail, .webhook: Array(read.modules.values)
                case .provider: Array(read.providers.values)
                }
            let settings = all.lazy.compactMap { ($0 as? any ProgramBacked)?.programs[program] }.first
            return settings.map { .success($0) }
                ?? .failure(ProviderFailure("the configuration has no \(program)"))
        }
    }
}
