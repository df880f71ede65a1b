import CPOSIX
import Glibc

/// A program of the administrator's as a file: whether only root can have written it, and whether anybody may run it.
package enum ProgramFile {
    /// What is wrong with the file at an absolute `path`, in words; nil if it may be run.
    ///
    /// Every folder above it, and the file, must be root's and writable by nobody else, and none may be a link: only root
    /// can then change what is looked at here before it is run.
    package static func fault(of path: String) -> String? {
        var place = ""
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), let last = parts.last else { return "'\(path)' is no absolute path" }
        if let fault = fault(ofFolder: "/") { return fault }
        for part in parts.dropLast() {
            place += "/\(part)"
            if let fault = fault(ofFolder: place) { return fault }
        }
        place += "/\(last)"
        guard let facts = facts(of: place) else { return "\(place) is not there, or cannot be looked at" }
        guard !isLink(facts) else { return "\(place) is a link; name the file that it leads to" }
        guard facts.type == S_IFREG else { return "\(place) is no regular file" }
        if let fault = fault(of: facts, at: place) { return fault }
        guard facts.permissions & 0o6000 == 0 else {
            return "\(place) is setuid or setgid: it is run without privileges"
        }
        guard facts.permissions & 0o001 != 0 else {
            return "\(place) is not executable by all: it is run by a user of its own (chmod 0755)"
        }
        return nil
    }

    private static func fault(ofFolder path: String) -> String? {
        guard let facts = facts(of: path) else { return "\(path) is not there, or cannot be looked at" }
        guard !isLink(facts) else { return "\(path) is a link; name the folder that it leads to" }
        guard facts.type == S_IFDIR else { return "\(path) is no folder" }
        if let fault = fault(of: facts, at: path) { return fault }
        guard facts.permissions & 0o001 != 0 else {
            return "\(path) cannot be entered by all: programs are run by users of their own (chmod 0755)"
        }
        return nil
    }

    private static func fault(of facts: posix_file_facts, at path: String) -> String? {
        guard facts.owner == 0 else { return "\(path) belongs to uid \(facts.owner); expected root" }
        guard facts.permissions & 0o022 == 0 else {
            return "\(path) can be written by others than root (mode 0\(String(facts.permissions, radix: 8)))"
        }
        return nil
    }

    private static func isLink(_ facts: posix_file_facts) -> Bool { facts.type == S_IFLNK }

    private static func facts(of path: String) -> posix_file_facts? {
        var facts = posix_file_facts()
        return unsafe posix_lstat(path, &facts) == 0 ? facts : nil
    }
}
