/// A module or a provider that programs of the administrator's stand behind.
package protocol ProgramBacked: Sendable {
    /// What is run for it, by the names under which it is asked for.
    var programs: [ProgramName: ProgramSettings] { get }
}
