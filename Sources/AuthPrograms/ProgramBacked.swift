/// A module or a provider that programs of the administrator's stand behind.
package protocol ProgramBacked: Sendable {
    /// What is run for it, by the names under which it is asked for.
    var programs: [ProgramName: ProgramSettings] { get }
}

/// A module or a provider that is what its program says it is.
package protocol ProgramDescribed: ProgramBacked {
    /// The program.
    var program: Program { get }
}

extension ProgramDescribed {
    package var programs: [ProgramName: ProgramSettings] { [program.name: program.settings] }
}
