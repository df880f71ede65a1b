/// A module or a provider that a program stands behind.
package protocol ProgramBacked: Sendable {
    /// The program.
    var program: Program { get }
}
