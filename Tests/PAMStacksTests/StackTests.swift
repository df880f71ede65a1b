import PAMStacks
import PAMStacksTesting
import Testing

@Suite struct StackTests {
    func stack(_ files: [String: String], _ service: String = "s", _ group: ManagementGroup = .auth) -> Stack {
        let paths = files.map { name, text in (name.hasPrefix("/") ? name : "/etc/pam.d/\(name)", text) }
        return StackTree(InMemoryTree(files: Dictionary(uniqueKeysWithValues: paths))).stack(of: service, group)
    }

    func modules(_ stack: Stack) -> [String] {
        stack.steps.map { step in
            switch step.kind {
            case .module: step.line.module ?? ""
            case .substack: "substack"
            case .mustFail(let reason): "fails: \(reason)"
            }
        }
    }

    @Test func `what is included stands in its place, with the place that it comes from`() {
        let stack = stack([
            "s": "auth required a.so\n@include t\nauth required z.so\n",
            "t": "account required no.so\nauth include u\n",
            "u": "auth required b.so\naccount required no.so\n@include v\n",
            "v": "auth required c.so\n",
        ])
        #expect(modules(stack) == ["a.so", "b.so", "c.so", "z.so"])
        #expect(stack.steps.map(\.path) == ["s", "u", "v", "s"].map { "/etc/pam.d/\($0)" })
        #expect(stack.steps[2].via.map(\.path) == ["s", "t", "u"].map { "/etc/pam.d/\($0)" })
        #expect(stack.steps.map(\.line.lines.lowerBound) == [1, 1, 1, 3])
        #expect(stack.files.map(\.path) == ["s", "t", "u", "v"].map { "/etc/pam.d/\($0)" })
    }

    @Test func `a substack is a step and a level`() {
        let stack = stack(["s": "auth substack t\nauth required z.so\n", "t": "auth required a.so\n"])
        #expect(modules(stack) == ["substack", "a.so", "z.so"])
        #expect(stack.steps.map(\.level) == [0, 1, 0])
    }

    @Test func `the folder of the administrator comes before that of the packages`() {
        let files = ["/usr/lib/pam.d/s": "auth required a.so\n", "/usr/lib/pam.d/t": "auth required b.so\n"]
        #expect(modules(stack(files)) == ["a.so"])
        #expect(modules(stack(files.merging(["s": "@include t\n"]) { $1 })) == ["b.so"])
    }

    @Test func `a service without a line for the group has those of other`() {
        let stack = stack(["s": "session required a.so\n", "other": "auth required b.so\n"])
        #expect(modules(stack) == ["b.so"])
        #expect(stack.isFallback)
        #expect(self.stack([:]).steps.isEmpty)
        #expect(self.stack([:]).file == nil)
    }

    @Test func `a line of no group counts for auth, and fails`() {
        let files = ["s": "auht sufficient a.so\nauth required b.so\naccount include t\n", "t": "auht required c.so\n"]
        #expect(modules(stack(files)) == ["fails: the type 'auht'", "b.so"])
        #expect(modules(stack(files, "s", .account)) == ["fails: the type 'auht'"])
    }

    @Test func `what cannot be included fails in its group, and altogether where it was for all groups`() {
        #expect(modules(stack(["s": "auth include nix\n"])) == ["fails: 'nix', which cannot be read"])
        #expect(modules(stack(["s": "auth substack nix\n"])) == ["substack", "fails: 'nix', which cannot be read"])
        let broken = stack(["s": "auth required a.so\n@include nix\n"])
        #expect(broken.failure?.path == "/etc/pam.d/s")
        #expect(broken.failure?.line?.lines == 2...2)
        let nested = stack(["s": "auth sufficient a.so\nauth include t\n", "t": "@include nix\n"])
        #expect(nested.failure == nil)
        #expect(modules(nested) == ["a.so", "fails: 'nix', which cannot be read"])
        #expect(stack(["s": "auth required a.so \\\n"]).failure?.line == nil)
        #expect(stack(["s": "auth required a.so \\\n"]).failure != nil)
    }

    @Test func `files that include each other end`() {
        #expect(!modules(stack(["s": "auth include s\n"])).isEmpty)
        #expect(
            !modules(stack(["s": "auth substack s\nauth substack s\n"].mapValues { String($0.prefix(16)) })).isEmpty)
    }

    @Test func `our module is known by its name, wherever it lies`() {
        let stack = stack(["s": "auth required a.so\nauth required /usr/lib/security/pam_twostep.so exempt=success\n"])
        #expect(stack.ours == [1])
        #expect(stack.isGuarded)
    }

    @Test func `a change can be looked at before it is made`() {
        let tree = StackTree(InMemoryTree(files: ["/etc/pam.d/s": "auth required a.so\n"]))
        let edited = tree.editing("/etc/pam.d/s", Array("auth required pam_twostep.so\n".utf8))
        #expect(edited.stack(of: "s").isGuarded)
        #expect(!tree.stack(of: "s").isGuarded)
        #expect(tree.editing("/etc/pam.d/t", []).services == ["s", "t"])
    }
}
