import Configuration
import Foundation

/// A configuration as twostepd would find it, read without a daemon.
package struct InspectedConfiguration: Sendable {
    /// What would be in force; nil if there is any problem.
    package let active: ActiveConfiguration?
    /// The problems in the order of the file, then the warnings in theirs.
    package let findings: [CheckFinding]

    /// Reads the file at `path`, and prepares what it names.
    ///
    /// With `asDaemon`, a process of root becomes the daemon's user for as long as it takes, so that it reads what
    /// the daemon may read and nothing else. The whole process does: it must have no other thread.
    package init(path: String, allowsInsecure: Bool, asDaemon: Bool) {
        let loader = ConfigurationLoader(
            path: path, accounts: SystemDirectory(), hostName: ProcessInfo.processInfo.hostName,
            allowsInsecure: allowsInsecure)
        switch asDaemon ? Privileges.asTarget({ loader.load(number: 1) }) : loader.load(number: 1) {
        case .success((let active, let warnings)):
            self.active = active
            findings = InspectedConfiguration.warnings(warnings)
        case .failure(let problems):
            active = nil
            findings =
                problems.all.map { CheckFinding(.problem, $0) } + InspectedConfiguration.warnings(problems.warnings)
        }
    }

    private static func warnings(_ warnings: [Problem]) -> [CheckFinding] {
        warnings.sorted { ($0.line, $0.column) < ($1.line, $1.column) }.map { CheckFinding(.warning, $0) }
    }
}
