package import Authentication
package import Daemon

/// What a change of stacks touches of the machine beside the files, so that tests can stand in for it.
package protocol StackHost {
    /// What stands before the path of each file: nothing on the machine itself.
    var root: String { get }
    /// By the machine's clocks.
    var moment: Moment { get }
    /// Whether systemd runs this machine: somebody who does later what cannot be done now.
    var runsSystemd: Bool { get }
    /// Who is at work here: whoever has typed sudo, or has logged in, or owns the terminal.
    var administrator: String { get }
    /// Whose keys sshd would take for an account; nil where there is none of this name.
    func keyOwner(named name: String) -> KeyOwner?
    /// The processes that this one comes from, the nearest first.
    var ancestors: [RunningProgram] { get }
    /// Returns once whatever begins is told by its start from what has begun before: that is counted in ticks, of a hundredth of a second.
    func passTick()

    /// Runs a program of the system's, `systemctl`, and waits for it; nil where there is none.
    func run(_ program: String, _ arguments: [String]) -> ProgramResult?
}

/// How a program has ended, and what it has said.
package struct ProgramResult: Equatable, Sendable {
    package let succeeded: Bool
    /// On both of its outputs.
    package let output: String

    package init(succeeded: Bool, output: String = "") {
        self.succeeded = succeeded
        self.output = output
    }
}

/// A process, as far as it tells where a session comes from.
package struct RunningProgram: Equatable, Sendable {
    /// Its number; 0 where that does not matter.
    package let process: Int32
    /// The last component of its executable's path.
    package let name: String
    /// When it was started, in milliseconds on CLOCK_BOOTTIME.
    package let start: Int64

    package init(process: Int32 = 0, name: String, start: Int64) {
        self.process = process
        self.name = name
        self.start = start
    }
}
