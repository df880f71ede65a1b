package import Authentication

/// The person at the keyboard, or the script in their place.
package protocol Console: AnyObject {
    /// Whether a person can be asked: standard input is a terminal.
    var inputIsTerminal: Bool { get }
    /// Whether a person reads along: standard output is a terminal.
    var outputIsTerminal: Bool { get }
    /// Whether escape sequences for colours are welcome (a terminal, not `dumb`, and no NO_COLOR).
    var allowsColour: Bool { get }
    /// How many characters a line of the terminal has; nil where that cannot be told.
    var columns: Int? { get }

    /// Writes all of it, at once.
    func write(_ buffer: OutputBuffer, to stream: ConsoleStream) throws(ConsoleFailure)

    /// The next line of standard input without its end, at most 1,024 bytes; nil at the end of the input.
    ///
    /// A hidden one is not shown on the terminal while it is typed, and Ctrl-C is held as by `holdInterrupts`.
    func readLine(isHidden: Bool) throws(ConsoleFailure) -> Secret?

    /// From now on Ctrl-C does not end the process, but a `readLine` that waits or is still to come.
    func holdInterrupts()
}

/// Where something is written.
package enum ConsoleStream: Int32, Equatable, Sendable {
    case output = 1
    case errors = 2
}

/// Why the terminal cannot be used, or what happened at it.
package enum ConsoleFailure: Error, Equatable, Sendable {
    /// errno of a read or a write.
    case system(Int32)
    /// Ctrl-C.
    case interrupted
    case lineTooLong

    /// In words.
    package var explanation: String {
        switch self {
        case .system(let code): SystemError.text(code)
        case .interrupted: "interrupted"
        case .lineTooLong: "the line is too long"
        }
    }
}
