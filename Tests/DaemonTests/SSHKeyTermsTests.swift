import Daemon
import Glibc
import Testing

/// What must be in force in sshd, and whose the files with keys must be.
@Suite struct SSHKeyTermsTests {
    static let owner = KeyOwner(name: "alice", uid: 1001, home: "/home/alice")
    static let strict = [
        "pubkeyauthoptions": "touch-required", "authorizedkeysfile": "/etc/ssh/keys/%u",
        "authorizedkeyscommand": "none",
        "trustedusercakeys": "none", "authorizedprincipalsfile": "none", "authorizedprincipalscommand": "none",
    ]

    /// What is said against these settings, all others being strict.
    static func objections(_ settings: [String: String]) -> [String] {
        let output = settings.map { "\($0) \($1)" }.joined(separator: "\n")
        return SSHKeyTerms.objections(SSHDSettings(output), for: owner) { path in
            path.hasPrefix("/etc/") ? nil : "\(path) belongs to uid 1001"
        }.map(\.keyword)
    }

    @Test(arguments: [
        [:], ["pubkeyauthoptions": "verify-required"], ["pubkeyauthoptions": "touch-required verify-required"],
        ["authorizedkeysfile": "none", "trustedusercakeys": "/etc/ssh/ca.pub"],
        ["trustedusercakeys": "/etc/ssh/ca.pub", "authorizedprincipalsfile": "/etc/ssh/principals/%u"],
        ["authorizedkeysfile": "/etc/ssh/keys/%u /etc/ssh/more/%U"],
    ]) func `a touch or a PIN, and files of root's, are enough`(_ changes: [String: String]) {
        #expect(Self.objections(Self.strict.merging(changes) { $1 }) == [])
    }

    @Test(
        arguments: [
            ("pubkeyauthoptions", "none"), ("pubkeyauthoptions", nil), ("pubkeyauthoptions", "touch-requiredx"),
            ("authorizedkeysfile", ".ssh/authorized_keys"), ("authorizedkeysfile", "%h/.ssh/authorized_keys"),
            ("authorizedkeysfile", "/etc/ssh/keys/%u .ssh/authorized_keys"), ("authorizedkeysfile", nil),
            ("authorizedkeysfile", "/etc/ssh/keys/%x"), ("authorizedkeysfile", "/etc/ssh/keys/%"),
            ("authorizedkeyscommand", "/usr/bin/keys"), ("authorizedkeyscommand", nil),
            ("trustedusercakeys", "/home/alice/ca.pub"), ("trustedusercakeys", nil),
            ("authorizedprincipalsfile", ".ssh/principals"), ("authorizedprincipalscommand", "/usr/bin/principals"),
        ] as [(String, String?)]) func `each that is missing is told by its keyword`(
            _ keyword: String, _ value: String?
        )
    {
        var settings = Self.strict
        settings[keyword] = value
        #expect(Self.objections(settings) == [keyword])
    }

    /// Lines of a script that makes what a path is asked about below a folder of root's, and who is named as a fault.
    static let trees: [(name: String, make: @Sendable (String) -> Void, path: String, isFault: Bool)] = [
        ("a file of root's", { make($0 + "/keys/alice") }, "/keys/alice", false),
        ("none yet, in a folder of root's", { mkdir($0 + "/keys", 0o755) }, "/keys/alice", false),
        ("none, in no folder", { _ in }, "/keys/alice", false),
        (
            "somebody else's file",
            {
                make($0 + "/keys/alice"); unsafe chown($0 + "/keys/alice", 1001, 0)
            }, "/keys/alice", true
        ),
        (
            "a file that a group can write",
            {
                make($0 + "/keys/alice"); unsafe chmod($0 + "/keys/alice", 0o664)
            }, "/keys/alice", true
        ),
        (
            "somebody else's folder",
            {
                make($0 + "/keys/alice"); unsafe chown($0 + "/keys", 1001, 0)
            }, "/keys/alice", true
        ),
        (
            "nothing yet, in somebody else's folder",
            {
                mkdir($0 + "/keys", 0o755); unsafe chown($0 + "/keys", 1001, 0)
            }, "/keys/alice", true
        ),
        (
            "a folder that all can write, though sticky",
            {
                make($0 + "/keys/alice"); unsafe chmod($0 + "/keys", 0o1777)
            }, "/keys/alice", true
        ),
        (
            "a link of root's to a file of root's",
            {
                make($0 + "/real/alice"); unsafe symlink("real", $0 + "/keys")
            }, "/keys/alice", false
        ),
        (
            "a link of root's to somebody else's",
            {
                make($0 + "/real/alice"); unsafe chown($0 + "/real", 1001, 0); unsafe symlink("real", $0 + "/keys")
            }, "/keys/alice", true
        ),
        (
            "somebody else's link",
            {
                make($0 + "/real/alice"); unsafe symlink("real", $0 + "/keys"); unsafe lchown($0 + "/keys", 1001, 0)
            }, "/keys/alice", true
        ),
        ("a link to itself", { unsafe symlink("keys", $0 + "/keys") }, "/keys/alice", true),
        (
            "a way back up",
            {
                make($0 + "/keys/alice"); mkdir($0 + "/other", 0o755)
            }, "/other/../keys/./alice", false
        ),
        ("a file in place of a folder", { make($0 + "/keys/alice") }, "/keys/alice/more", true),
    ]

    /// A file of root's, in a folder of root's.
    static func make(_ path: String) {
        mkdir(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), 0o755)
        let descriptor = unsafe open(path, O_CREAT | O_WRONLY, 0o644)
        if descriptor >= 0 { close(descriptor) }
    }

    @discardableResult static func mkdir(_ path: String, _ mode: mode_t) -> Int32 { unsafe Glibc.mkdir(path, mode) }

    @Test(arguments: trees.indices) func `only what root alone can change is root's, on every step of the way`(
        _ index: Int
    ) {
        let tree = Self.trees[index]
        let root = "/run/twostep-keys-\(getpid())-\(index)"
        #expect(Self.mkdir(root, 0o755) == 0)
        tree.make(root)
        #expect((RootOnlyPath.fault(of: tree.path, below: root) != nil) == tree.isFault, "\(tree.name)")
        #expect((RootOnlyPath.fault(of: root + tree.path) != nil) == tree.isFault, "\(tree.name)")
    }

    @Test func `a path that is none is not root's`() { #expect(RootOnlyPath.fault(of: "etc/passwd") != nil) }

    @Test(
        arguments: [
            ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", ["/usr/sbin/sshd", "-D"]),
            ("sshd: /usr/sbin/sshd -D -o A=b [listener] 12 of 10-100 startups", ["/usr/sbin/sshd", "-D", "-o", "A=b"]),
            ("sshd: alice [priv]", nil), ("sshd: alice [pam]", nil), ("/usr/sbin/sshd -D", nil), ("", nil),
            ("sshd: [listener]", nil), ("bash sshd: /usr/sbin/sshd [listener] 0", nil),
        ] as [(String, [String]?)]) func `who listens says what it was started with`(
            _ title: String, _ arguments: [String]?
        )
    {
        #expect(SSHDListener.arguments(title) == arguments)
    }

    @Test(
        arguments: [
            (["/usr/sbin/sshd", "-D"], "/etc/ssh/sshd_config"), (["/usr/sbin/sshd"], "/etc/ssh/sshd_config"),
            (["/usr/sbin/sshd", "-De", "-f", "/run/x", "-p", "22"], "/run/x"), (["sshd", "-D"], nil), ([], nil),
            (["/bin/bash", "-D"], nil), (["/usr/sbin/notsshd"], nil),
            (["/usr/sbin/sshd", "-D", "-o", "PubkeyAuthOptions=none"], nil),
            (["/usr/sbin/sshd", "-oPubkeyAuthOptions=none"], nil), (["/usr/sbin/sshd", "-f", "config"], nil),
            (["/usr/sbin/sshd", "-f"], nil), (["/usr/sbin/sshd", "-f", "/a", "-f", "/b"], nil),
            (["/usr/sbin/sshd", "-i"], nil), (["/usr/sbin/sshd", "-D", ""], nil),
            (["/usr/sbin/sshd", "-p", "-o22"], nil), (["/usr/sbin/sshd", "-E"], nil),
            (["/usr/sbin/sshd", "-E", "/run/log"], "/etc/ssh/sshd_config"),
        ] as [([String], String?)]) func `what may overrule the configuration is not understood`(
            _ arguments: [String], _ configuration: String?
        )
    {
        #expect((try? SSHDListener.understand(arguments).configuration) == configuration)
    }

    @Test(arguments: [
        "", "twostep-sshd", "twostep-sshd 1 0 a b 1.2.3.4 1.2.3.5 22", "twostep-sshd 2 7 a b 1.2.3.4 1.2.3.5 22",
        "twostep-sshd 1 7 a b 1.2.3.4 1.2.3.5", "twostep-sshd 1 7 a b 1.2.3.4 1.2.3.5 22 ",
        "twostep-sshd 1 7 a,user=root b 1.2.3.4 1.2.3.5 22", "twostep-sshd 1 7 a\tb b 1.2.3.4 1.2.3.5 22",
        "twostep-sshd 1 7  b 1.2.3.4 1.2.3.5 22", "twostep-sshd 1 -7 a b 1.2.3.4 1.2.3.5 22",
        "twostep-sshd 1 7 ä b 1.2.3.4 1.2.3.5 22",
    ]) func `a question that is none is not asked`(_ line: String) {
        #expect(SSHKeyQuestion(line: line) == nil)
    }

    @Test func `a question is read as it is written`() throws {
        let line = "twostep-sshd 1 4711 alice client.example 2001:db8::9 fe80::1%eth0 2222"
        #expect(try #require(SSHKeyQuestion(line: line)).line == line + "\n")
    }

    @Test(arguments: [
        ("counts", true), ("counts ", false), ("Counts", false), ("", false), ("counts all", false),
        ("doubtful", false), ("doubtful counts", false),
    ]) func `whatever is answered but one word is a doubt`(_ line: String, _ counts: Bool) {
        #expect((SSHKeyTestimony(line: line) == .counts) == counts)
    }
}
