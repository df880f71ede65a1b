package import PAMStacks

/// Users and groups by a tree's own files, /etc/passwd and /etc/group: of another system nobody else can be asked.
package struct SystemNames {
    /// A line of /etc/passwd.
    package struct User {
        package let name: String
        package let uid: UInt32
        package let gid: UInt32
        /// Empty where the line has none.
        package let home: String
    }

    package let users: [User]
    private let groups: [(name: String, gid: UInt32, members: [String])]

    package init(_ files: any FileTree) {
        users = SystemNames.rows(files, "/etc/passwd").compactMap { fields in
            guard fields.count > 3, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return User(name: fields[0], uid: uid, gid: gid, home: fields.count > 5 ? fields[5] : "")
        }
        groups = SystemNames.rows(files, "/etc/group").compactMap { fields in
            guard fields.count > 3, let gid = UInt32(fields[2]) else { return nil }
            return (fields[0], gid, fields[3].split(separator: ",").map(String.init))
        }
    }

    /// The uid of a user; root's is 0 without a file as well.
    package func uid(ofUser name: String) -> UInt32? {
        users.first { $0.name == name }?.uid ?? (name == "root" ? 0 : nil)
    }

    /// The groups that a user is in.
    package func groups(of user: String) -> [String] {
        let primary = users.first { $0.name == user }?.gid
        return groups.filter { $0.gid == primary || $0.members.contains(user) }.map(\.name)
    }

    private static func rows(_ files: any FileTree, _ path: String) -> [[String]] {
        let text = String(decoding: files.contents(of: path) ?? [], as: UTF8.self)
        return text.split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
