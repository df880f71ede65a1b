import AdminProtocol
public import ArgumentParser
import Glibc

/// `twostep-launcher`: what the service manager starts for each program that is to be run, with the daemon's connection as
/// its standard input.
///
/// With `--sshd` it asks sshd what is in force for a connection, and runs no program of the configuration.
///
/// The unit hides what programs must not see (twostep-program@.service). It is started as root (`ExecStart=!`), so that it can
/// read the configuration, and the program runs as a user that no other one has meanwhile.
public struct LauncherCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "twostep-launcher",
        abstract: "Runs one program of the configuration for twostepd.",
        version: Release.version, shouldDisplay: false)

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config = "/etc/twostep/config.yaml"

    @Option(help: ArgumentHelp("Where the users of programs are locked.", valueName: "directory"))
    var users = "/run/twostep-programs"

    @Flag(help: "Ask sshd what is in force for a connection, and run nothing else.")
    var sshd = false

    @Flag(help: "The unit lets programs reach the network.")
    var network = false

    @Flag(help: "Let the module insecure_example in.")
    var allowInsecureExample = false

    public init() {}

    public func run() throws {
        try? Privileges.harden()
        // The connection is out of the way of what a program gets as its own.
        let connection = fcntl(0, F_DUPFD_CLOEXEC, 8)
        guard connection >= 0 else { throw ExitCode(1) }
        guard !sshd else { return SSHKeyDesk().serve(connection) }
        let desk = ProgramDesk(
            configuration: config, allowsInsecure: allowInsecureExample, reachesNetwork: network, hidden: nil)
        guard let slot = ProgramSlot.take(in: users, reachesNetwork: network) else {
            return desk.serve(connection, as: nil)
        }
        desk.serve(connection, as: slot.user)
        // It has all that there is, and waits for no more.
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
        slot.clear()
    }
}
