import Foundation
import PAMStacks
import PAMStacksTesting
import Testing

/// Whether our line may go from a stack, as we see it and as libpam does.
@Suite(.serialized) struct WithdrawalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let before: String
        let after: String
        var losesProof = false
        let isSound: Bool
        var testDescription: String { name }
    }

    static let ours = "auth required pam_twostep.so\n"
    static let ignored = "auth [default=ignore] pam_permit.so\n"
    static let permitted = "auth required pam_permit.so\n"
    static let debian = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n" + permitted
    static let exempt = "auth [success=1 default=ignore] pam_succeed_if.so quiet user ingroup x\n"
    static let alone = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"

    static let rows = [
        Row(name: "behind a password", before: debian + ours, after: debian, isSound: true),
        Row(
            name: "a line that is passed over", before: debian + exempt + ours, after: debian + exempt + ignored,
            isSound: true),
        Row(
            name: "the same without a line", before: debian + exempt + ours + permitted,
            after: debian + exempt + permitted,
            isSound: true),
        Row(
            name: "the last line gone, and the jump leads beyond the end", before: debian + exempt + ours,
            after: debian + exempt, isSound: false),
        Row(
            name: "nothing else speaks for anybody, and ours is ignored", before: alone + ours, after: alone + ignored,
            isSound: false),
        Row(
            name: "nothing else speaks for anybody, and another does", before: alone + ours, after: alone + permitted,
            isSound: true),
        Row(
            name: "a password that need not be right", before: "auth optional pam_unix.so\n" + ours,
            after: "auth optional pam_unix.so\n" + permitted, isSound: false),
        Row(
            name: "optional speaks for everybody", before: "auth sufficient pam_unix.so\n" + ours,
            after: "auth sufficient pam_unix.so\nauth optional pam_permit.so\n", isSound: false),
        Row(
            name: "ignored it speaks for nobody", before: "auth sufficient pam_unix.so\n" + ours,
            after: "auth sufficient pam_unix.so\n" + ignored, isSound: true),
        Row(
            name: "a key, and the password in its place", before: exempt + ours,
            after: exempt + "auth required pam_unix.so\n",
            losesProof: true, isSound: true),
        Row(
            name: "a key, and the lines that ask are more than are passed over", before: exempt + ours + permitted,
            after: exempt + debian + permitted, losesProof: true, isSound: false),
        Row(
            name: "whoever is exempt would need no key any more", before: exempt + ours + permitted,
            after: exempt + "auth required pam_unix.so\n" + permitted, losesProof: true, isSound: false),
        Row(
            name: "a key, and whoever was exempt is asked for the password again", before: exempt + ours,
            after: debian + exempt + ignored, losesProof: true, isSound: true),
        Row(
            name: "a jump into the midst of what asks", before: exempt.replacing("=1", with: "=2") + ours + ignored,
            after: exempt.replacing("=1", with: "=2") + debian + ignored, losesProof: true, isSound: false),
        Row(
            name: "the same where a password stood before",
            before: "auth requisite pam_unix.so\n" + exempt + ours + permitted,
            after: "auth requisite pam_unix.so\n" + exempt + ignored + permitted, isSound: true),
        Row(
            name: "root needs nothing, as before", before: "auth sufficient pam_rootok.so\n" + debian + ours,
            after: "auth sufficient pam_rootok.so\n" + debian, isSound: true),
        Row(name: "nothing at all", before: ours, after: ignored, isSound: false),
        Row(name: "everybody", before: ours, after: permitted, isSound: false),
    ]

    private static func stack(_ text: String) -> Stack {
        StackTree(InMemoryTree(files: ["/etc/pam.d/s": text])).stack(of: "s")
    }

    @Test(arguments: rows) func `of two stacks it is told whether the same people get in`(_ row: Row) {
        let verdict = Withdrawal(
            from: Self.stack(row.before), to: Self.stack(row.after), losesProof: row.losesProof
        ).verdict
        #expect((verdict == .sound) == row.isSound, "\(verdict)")
        if case .unproved = verdict { Issue.record("it could be told") }
    }

    /// `nullok`, and what its like does with people whom it does not know: it fails nobody, and has asked for nothing.
    static let abstaining = [
        "auth required pam_google_authenticator.so nullok\n",
        "auth [success=ok ignore=ignore user_unknown=ignore default=die] pam_oath.so\n",
        "auth [success=ok authinfo_unavail=ignore default=die] pam_radius_auth.so\n",
    ]

    @Test(arguments: abstaining) func `a token that may abstain proves nobody`(_ token: String) {
        let shells = "auth required pam_shells.so\n"
        for (before, after) in [
            (token + Self.ours + Self.permitted, token + Self.permitted), (shells + token + Self.ours, shells + token),
        ] {
            let verdict = Withdrawal(from: Self.stack(before), to: Self.stack(after), losesProof: false).verdict
            #expect(verdict == .unsound("people would get in whom nothing has asked"))
        }
        let behind = Self.debian + token
        #expect(
            Withdrawal(from: Self.stack(behind + Self.ours), to: Self.stack(behind), losesProof: false).verdict
                == .sound)
    }

    @Test func `too many ways are no proof`() {
        let many = (0..<17).map { "auth optional pam_env.so file=\($0)\n" }.joined() + Self.debian
        guard
            case .unproved = Withdrawal(
                from: Self.stack(many + Self.ours), to: Self.stack(many), losesProof: false
            ).verdict
        else {
            Issue.record("it was said to be known")
            return
        }
    }

    /// A line of a stack as one of pam_debug's, which returns what it is told.
    private static func told(_ text: String, _ failing: Set<String>, ours: String) -> String {
        text.split(separator: "\n").map { line -> String in
            for module in ["pam_unix", "pam_succeed_if", "pam_rootok", "pam_twostep"] {
                guard let range = line.range(of: "\(module).so") else { continue }
                let result = module == "pam_twostep" ? ours : failing.contains(module) ? "auth_err" : "success"
                return line[..<range.lowerBound] + "pam_debug.so auth=\(result)"
            }
            return String(line)
        }.joined(separator: "\n") + "\n"
    }

    private static func libpam(_ text: String, _ failing: Set<String>, ours: String) throws -> Bool {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "twostep-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("auth required pam_deny.so\n".utf8).write(to: folder.appendingPathComponent("other"))
        try Data(told(text, failing, ours: ours).utf8).write(to: folder.appendingPathComponent("s"))
        return try #require(LibPAM.authenticate(in: folder.path)) == 0
    }

    @Test(arguments: rows) func `libpam lets the same people in as it is told here`(_ row: Row) throws {
        var isSame = true
        for bits in 0..<8 {
            let modules = ["pam_unix", "pam_succeed_if", "pam_rootok"]
            let failing = Set(modules.indices.filter { bits & (1 << $0) != 0 }.map { modules[$0] })
            // With the line of root's out of the way, unless the stack has one.
            guard row.before.contains("rootok") || !failing.contains("pam_rootok") else { continue }
            let came = try Self.libpam(row.before, failing, ours: "success")
            let comes = try Self.libpam(row.after, failing, ours: "success")
            let unasked = try Self.libpam(row.before, failing, ours: "auth_err")
            let isProved = !failing.contains("pam_unix")
            if isProved, came { isSame = isSame && comes }
            if comes { isSame = isSame && (came || (row.losesProof && isProved)) }
            if comes, !isProved { isSame = isSame && unasked && !row.losesProof }
        }
        // One that refuses everybody is the same to nobody's use.
        let isWayIn = try Self.libpam(row.after, ["pam_succeed_if", "pam_rootok"], ours: "success")
        #expect((isSame && isWayIn) == row.isSound)
    }
}
