/// How a command ended, for scripts (twostep(1), "EXIT STATUS").
package enum CommandStatus: Int32, Equatable, Sendable {
    case done = 0
    /// The daemon, the system or the person said no; nothing was changed unless the message says so.
    case refused = 1
    /// The command line is wrong; nothing was asked.
    case usage = 2
    /// There is no daemon, or none that can be understood.
    case unreachable = 3
}
