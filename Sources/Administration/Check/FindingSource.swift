package import Daemon
import PAMStacks

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
    /// Whether "twostep init" would make the file, where there is none.
    var isMadeByInit = false

    func findings() -> [CheckFinding] {
        read.findings.map { finding in
            guard isMadeByInit, finding.found == "no such file" else { return finding }
            return CheckFinding(
                finding.severity, file: finding.file, found: finding.found, expected: finding.expected,
                mend: .command("twostep init"))
        }
    }
}
