package import Daemon

/// A group of findings: the configuration, and whatever else can be wrong with an installation.
package protocol FindingSource {
    /// What is looked at, as the last line calls it: one word.
    var subject: String { get }

    /// Looks, changes nothing, and returns the findings in the order in which they are to be read.
    func findings() -> [CheckFinding]
}

/// The configuration, read as twostepd would.
struct ConfigurationFindings: FindingSource {
    let subject = "configuration"
    let read: InspectedConfiguration

    func findings() -> [CheckFinding] { read.findings }
}
