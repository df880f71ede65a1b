import Administration
import Daemon
import PAMStacks
import PAMStacksTesting
import Testing

struct AuthorizedKeysTests {
    private static let alice = KeyOwner(name: "alice", uid: 1007, home: "/home/alice")
    private static let key = "ssh-ed25519 AAAA alice\n"

    private func standing(_ settings: String, _ files: [String: String] = [:]) -> AuthorizedKeys.Standing {
        AuthorizedKeys(owner: Self.alice, settings: SSHDSettings(settings), files: InMemoryTree(files: files))
            .standing
    }

    @Test(arguments: [
        (".ssh/authorized_keys .ssh/authorized_keys2", "/home/alice/.ssh/authorized_keys2"),
        ("%h/keys", "/home/alice/keys"), ("/etc/keys/%u", "/etc/keys/alice"), ("/etc/keys/%U.%%", "/etc/keys/1007.%"),
    ])
    func `are found where sshd looks for them`(_ value: String, _ path: String) {
        #expect(standing("authorizedkeysfile \(value)", [path: Self.key]) == .there)
        guard case .none(let looked) = standing("authorizedkeysfile \(value)") else {
            Issue.record("no file")
            return
        }
        #expect(looked.contains(path))
    }

    @Test(arguments: ["", "\n\n", "# ssh-ed25519 AAAA\n", "   \n\t# none\r\n"])
    func `a file without a key has none`(_ text: String) {
        let path = "/home/alice/.ssh/authorized_keys"
        #expect(standing("authorizedkeysfile .ssh/authorized_keys", [path: text]) == .none(looked: [path]))
    }

    @Test(arguments: ["authorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys", "trustedusercakeys /etc/ssh/ca.pub"])
    func `where somebody else may know keys, nothing is told`(_ line: String) {
        #expect(standing("authorizedkeysfile none\n\(line)") == .cannotTell)
        #expect(standing("authorizedkeysfile none\n\(line.split(separator: " ")[0]) none") == .none(looked: []))
        #expect(standing(line) == .cannotTell)
    }
}
