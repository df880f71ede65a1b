import CPOSIX
import Glibc

/// The folders above the configuration, for whoever starts programs as it says.
enum ConfigurationFolder {
    /// What is wrong with them, in words: each must be root's and writable by nobody else. Nil if they are.
    static func fault(above path: String) -> String? {
        var place = ""
        for part in [""] + path.split(separator: "/").dropLast().map({ "/\($0)" }) {
            place += part
            var facts = posix_file_facts()
            guard unsafe posix_lstat(place.isEmpty ? "/" : place, &facts) == 0, facts.type == S_IFDIR else {
                return "\(place) is no folder"
            }
            guard facts.owner == 0, facts.permissions & 0o022 == 0 else {
                return "\(place.isEmpty ? "/" : place) can be written by others than root"
            }
        }
        return nil
    }
}
