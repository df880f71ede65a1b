import CPOSIX
import Glibc
import PAMStacks

/// A path that only root can change: what is there, and on every step of the way where it leads.
package enum RootOnlyPath {
    /// As many links as the kernel follows (path_resolution(7)).
    private static let mostLinks = 40

    /// Who else could make, replace or change what is at an absolute path, in words; nil for nobody. What is not there is
    /// root's alone to make where the folders above it are root's.
    ///
    /// `prefix` is the folder that a tree lies below; its links lead to places within it.
    package static func fault(of path: String, below prefix: String = "") -> String? {
        guard path.hasPrefix("/") else { return "'\(path)' is no absolute path" }
        var waiting = Array(path.split(separator: "/").map(String.init).reversed())
        var walked: [String] = []
        var links = 0
        if let fault = faultOfStep("/", below: prefix)?.fault { return fault }
        while let name = waiting.popLast() {
            guard name != "." else { continue }
            guard name != ".." else {
                _ = walked.popLast()
                continue
            }
            let place = "/" + (walked + [name]).joined(separator: "/")
            guard let step = faultOfStep(place, below: prefix) else { return nil }
            if let fault = step.fault { return fault }
            guard !step.isLink else {
                links += 1
                // Who made the link is root, since nobody else can write the folder that it is in.
                guard links <= mostLinks, let target = HostTree.link(prefix + place) else {
                    return "\(place) leads nowhere"
                }
                if target.hasPrefix("/") { walked = [] }
                waiting += target.split(separator: "/").map(String.init).reversed()
                continue
            }
            guard step.isFolder || waiting.isEmpty else { return "\(place) is no folder" }
            walked.append(name)
        }
        return nil
    }

    /// What is at one step of a way whose folders were looked at; nil where nothing is.
    private static func faultOfStep(
        _ place: String, below prefix: String
    ) -> (fault: String?, isLink: Bool, isFolder: Bool)? {
        var facts = posix_file_facts()
        guard unsafe posix_lstat(prefix + place, &facts) == 0 else {
            guard errno != ENOENT else { return nil }
            return ("\(place) cannot be looked at: \(Privileges.reason())", false, false)
        }
        let isLink = facts.type == S_IFLNK
        guard facts.owner == 0 else { return ("\(place) belongs to uid \(facts.owner)", isLink, false) }
        // A link has the mode 0777, whoever may change it.
        guard isLink || facts.permissions & 0o022 == 0 else {
            return ("\(place) can be written by others (mode 0\(String(facts.permissions, radix: 8)))", false, false)
        }
        return (nil, isLink, facts.type == S_IFDIR)
    }
}
