package import Authentication

/// Starts programs of the administrator's, without privileges and within bounds.
package protocol ProgramRunner: Sendable {
    /// Runs a program with one line on its standard input, and returns what it wrote once it has ended.
    ///
    /// It waits, for at most `milliseconds` and what starting takes; nothing of the program is left when it returns.
    func run(
        _ program: ProgramName, mayReachNetwork: Bool, asking request: borrowing Secret, within milliseconds: Int64
    ) -> ProgramRun
}

/// What came of running a program.
package enum ProgramRun: Sendable {
    /// It ended by itself with the status 0.
    case ended(ProgramOutput)
    /// It did not, or could not be started: in a sentence for the journal.
    case failed(String)
}

/// What a program wrote to its standard output.
package final class ProgramOutput: Sendable {
    package let bytes: Secret
    package init(_ bytes: consuming Secret) { self.bytes = bytes }
}
