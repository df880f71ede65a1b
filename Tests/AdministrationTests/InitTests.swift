import Administration
import Authentication
import Foundation
import Testing

@Suite struct InitTests {
    /// A machine in a folder: the places of an installation, and the users it may have.
    final class Machine {
        let root: String
        let accounts: ScriptedAccounts
        var etc: String { root + "/etc/twostep" }
        var config: String { etc + "/config.yaml" }
        var key: String { etc + "/twostep.key" }
        var state: String { root + "/lib/twostep" }
        var runtime: String { root + "/run/twostep" }

        init(accounts: ScriptedAccounts = ScriptedAccounts()) throws {
            root = try TemporaryFolder.make()
            self.accounts = accounts
            for folder in ["etc", "lib", "run"] {
                try FileManager.default.createDirectory(
                    atPath: "\(root)/\(folder)", withIntermediateDirectories: false)
            }
        }

        deinit { TemporaryFolder.remove(root) }

        func initialize(_ more: String...) -> Performance {
            let arguments = [
                "init", "--config", config, "--state-directory", state, "--runtime-directory", runtime,
            ]
            return Performance(arguments + more, accounts: accounts)
        }

        func said(_ run: Performance) -> String { run.output.replacingOccurrences(of: root, with: "") }

        func facts(_ path: String) throws -> [Int] {
            let facts = try FileManager.default.attributesOfItem(atPath: path)
            return [FileAttributeKey.posixPermissions, .ownerAccountID, .groupOwnerAccountID].map {
                (facts[$0] as? NSNumber)?.intValue ?? -1
            }
        }
    }

    @Test func `the first configuration is the one that is installed with the programs`() throws {
        let machine = try Machine()
        _ = machine.initialize()
        let package = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../packaging/config.yaml")
        let shipped = try String(contentsOf: package, encoding: .utf8)
        #expect(try String(contentsOfFile: machine.config, encoding: .utf8) == shipped)
    }

    @Test func `everything that is missing is made, as it has to be`() throws {
        let machine = try Machine()
        let run = machine.initialize()
        #expect(run.status == .done)
        #expect(run.errors == "")
        #expect(
            machine.said(run) == """
                created           group twostep
                created           user twostep
                created           directory /etc/twostep
                created           key /etc/twostep/twostep.key
                created           configuration /etc/twostep/config.yaml
                created           directory /lib/twostep
                created           directory /run/twostep
                created           store /lib/twostep
                Next: start twostepd, then give a user a device: twostep enroll USER totp

                """)
        #expect(machine.accounts.created == ["group twostep", "user twostep of twostep"])
        let (root, user) = (Int(machine.accounts.administrator), Int(ScriptedAccounts.number))
        let group = Int(try #require(machine.accounts.groups["twostep"]))
        #expect(try machine.facts(machine.etc) == [0o750, root, group])
        #expect(try machine.facts(machine.key) == [0o640, root, group])
        #expect(try machine.facts(machine.config) == [0o640, root, group])
        #expect(try machine.facts(machine.state) == [0o700, user, group])
        #expect(try machine.facts(machine.runtime) == [0o755, root, Int(getegid())])
        let key = try String(contentsOfFile: machine.key, encoding: .utf8)
        #expect(key.wholeMatch(of: /[0-9a-f]{64}\n/) != nil)
        let configuration = try String(contentsOfFile: machine.config, encoding: .utf8)
        #expect(configuration.contains("\nauth_providers:\n"))
        // No drafts are left.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: machine.etc).sorted() == ["config.yaml", "twostep.key"])
    }

    @Test func `a second time nothing is made and nothing is changed`() throws {
        let machine = try Machine()
        _ = machine.initialize()
        let key = try Data(contentsOf: URL(fileURLWithPath: machine.key))
        try "# mine\n".write(toFile: machine.config, atomically: false, encoding: .utf8)
        let run = machine.initialize()
        #expect(run.status == .done)
        #expect(!run.output.contains("created"))
        #expect(run.output.split(separator: "\n").filter { $0.hasPrefix("is there already  ") }.count == 8)
        #expect(try Data(contentsOf: URL(fileURLWithPath: machine.key)) == key)
        #expect(try String(contentsOfFile: machine.config, encoding: .utf8) == "# mine\n")
        #expect(machine.accounts.created.count == 2)
    }

    @Test func `two machines have two keys`() throws {
        let (one, other) = (try Machine(), try Machine())
        _ = (one.initialize(), other.initialize())
        let keys = try [one, other].map { try String(contentsOfFile: $0.key, encoding: .utf8) }
        #expect(keys[0] != keys[1])
    }

    @Test func `what differs is named with its remedy, and not repaired`() throws {
        let machine = try Machine()
        _ = machine.initialize()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: machine.key)
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(
            machine.said(run).contains(
                """
                differs           key /etc/twostep/twostep.key: its mode is 0644, expected 0640
                                  chmod 0640 /etc/twostep/twostep.key
                """))
        #expect(run.output.hasSuffix("1 thing differs; nothing was repaired.\n"))
        #expect(try machine.facts(machine.key)[0] == 0o644)

        let document = try machine.initialize("--json").document()
        let steps = try #require(document["steps"] as? [NSDictionary])
        #expect(
            steps.map { $0["outcome"] as? String } == ["present", "present", "present", "differs"]
                + Array(repeating: "present", count: 3))
    }

    @Test func `what was installed before there was a group is given to it, and said so`() throws {
        let machine = try Machine()
        let (root, rootGroup) = (Int(machine.accounts.administrator), Int(getegid()))
        try FileManager.default.createDirectory(
            atPath: machine.etc, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o750])
        try Data().write(to: URL(fileURLWithPath: machine.config))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: machine.config)
        #expect(try machine.facts(machine.config) == [0o640, root, rootGroup])
        let run = machine.initialize()
        #expect(run.status == .done)
        let group = Int(try #require(machine.accounts.groups["twostep"]))
        // Without root there is one group for everything, and nothing to give.
        let word = group == rootGroup ? "is there already" : "given to twostep"
        #expect(machine.said(run).contains("\(word)  directory /etc/twostep"))
        #expect(machine.said(run).contains("\(word)  configuration /etc/twostep/config.yaml"))
        #expect(try machine.facts(machine.etc) == [0o750, root, group])
        #expect(try machine.facts(machine.config) == [0o640, root, group])
        #expect(try Data(contentsOf: URL(fileURLWithPath: machine.config)) == Data())
    }

    @Test func `a store that cannot be made is exit code 1 with a reason`() throws {
        let machine = try Machine()
        let run = Performance(
            [
                "init", "--config", machine.config, "--state-directory", machine.state, "--runtime-directory",
                machine.runtime,
            ],
            accounts: machine.accounts, stores: ScriptedStores(failure: .notDurable("the disk is full")))
        #expect(run.status == .refused)
        #expect(run.errors.contains("The store cannot be made"))
    }

    @Test func `a store whose key is missing gets no new key`() throws {
        let machine = try Machine()
        _ = machine.initialize()
        try FileManager.default.removeItem(atPath: machine.key)
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(run.errors.contains("its key"))
        #expect(!FileManager.default.fileExists(atPath: machine.key))
    }

    @Test func `a link is not followed`() throws {
        let machine = try Machine()
        _ = machine.initialize()
        let elsewhere = machine.root + "/elsewhere"
        try FileManager.default.removeItem(atPath: machine.config)
        try FileManager.default.createSymbolicLink(atPath: machine.config, withDestinationPath: elsewhere)
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(run.errors.contains("is there, and is not a file"))
        #expect(!FileManager.default.fileExists(atPath: elsewhere))
    }

    @Test func `nothing is put where others could exchange it`() throws {
        let machine = try Machine()
        try FileManager.default.createDirectory(
            atPath: machine.etc, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
        // The umask has its say in what was made.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: machine.etc)
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(run.errors.contains("Nothing was put there."))
        #expect(try FileManager.default.contentsOfDirectory(atPath: machine.etc) == [])
    }

    @Test func `only root may, and nothing was touched otherwise`() throws {
        let machine = try Machine(accounts: ScriptedAccounts(isPrivileged: false))
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(run.errors.contains("sudo"))
        #expect(!FileManager.default.fileExists(atPath: machine.etc))
    }

    @Test func `a user that cannot be made ends it with a sentence`() throws {
        let machine = try Machine(
            accounts: ScriptedAccounts(refusal: SystemAccountsFailure("/usr/sbin/groupadd has failed.")))
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: The group 'twostep' cannot be made. /usr/sbin/groupadd has failed.\n")
        #expect(!FileManager.default.fileExists(atPath: machine.etc))
    }

    @Test func `a directory that is missing above is named`() throws {
        let machine = try Machine()
        try FileManager.default.removeItem(atPath: machine.root + "/lib")
        let run = machine.initialize()
        #expect(run.status == .refused)
        #expect(run.errors.contains("/lib/twostep: No such file or directory"))
    }
}
