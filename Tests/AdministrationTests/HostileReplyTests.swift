import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct HostileReplyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let complaint: String
    }

    static let rows: [Row] = [
        Row(
            testDescription: "JSON of 2^32-1 bytes", bytes: Frames.number(0xFFFF_FFFF) + Frames.number(0),
            complaint: "longer than any"),
        Row(
            testDescription: "JSON one byte too long", bytes: Frames.number(1024 * 1024 + 1) + Frames.number(0),
            complaint: "longer than any"),
        Row(
            testDescription: "a secret part one byte too long", bytes: Frames.number(2) + Frames.number(4097),
            complaint: "longer than any"),
        Row(testDescription: "nothing", bytes: [], complaint: "without an answer"),
        Row(testDescription: "half a header", bytes: [0, 0, 0], complaint: "without an answer"),
        Row(
            testDescription: "half a body", bytes: Frames.number(100) + Frames.number(0) + [123],
            complaint: "without an answer"),
        Row(testDescription: "no JSON", bytes: Frames.raw("\u{0}\u{1}garbage"), complaint: "expected an object"),
        Row(testDescription: "no byte of JSON", bytes: Frames.raw(""), complaint: "expected an object"),
        Row(
            testDescription: "a version two apart", bytes: Frames.raw(#"{"version":3,"message":{"status":{}}}"#),
            complaint: "speaks version 3"),
        Row(
            testDescription: "a kind of reply that nobody knows",
            bytes: Frames.raw(#"{"version":1,"message":{"dance":{}}}"#), complaint: "'dance'"),
        Row(
            testDescription: "members that are missing",
            bytes: Frames.raw(#"{"version":1,"message":{"unlocked":{"account":"alice"}}}"#),
            complaint: "the members of 'unlocked'"),
        Row(
            testDescription: "a number that does not fit",
            bytes: Frames.raw(#"{"version":1,"message":{"unlocked":{"account":"alice","failures":1e99}}}"#),
            complaint: "the members of 'unlocked'"),
        Row(
            testDescription: "secrets that end before their end",
            bytes: Frames.raw(
                #"{"version":1,"message":{"unlocked":{"account":"alice","failures":1}}}"#, secretCount: 3,
                secret: [0, 9, 65]),
            complaint: "ends before its end"),
        Row(
            testDescription: "an answer to another question",
            bytes: Frames.raw(#"{"version":1,"message":{"verified":{"account":"alice"}}}"#),
            complaint: "was not asked"),
    ]

    @Test(arguments: rows) func `what is no answer is exit code 3 with a reason`(row: Row) throws {
        let run = try Performance(["unlock", "alice"], against: [.bytes(row.bytes)])
        #expect(run.status == .unreachable)
        #expect(run.output == "")
        #expect(run.errors.contains(row.complaint))
        #expect(run.errors.contains("/run/twostep/admin.sock"))
    }

    @Test(arguments: rows) func `and in JSON one document`(row: Row) throws {
        let run = try Performance(["unlock", "alice", "--json"], against: [.bytes(row.bytes)])
        #expect(run.status == .unreachable)
        #expect(run.errors == "")
        #expect(try run.document()["error"] is NSDictionary)
    }

    @Test func `a daemon that hangs up at once is exit code 3`() throws {
        let run = try Performance(["status"], against: [.hangUp])
        #expect(run.status == .unreachable)
    }

    @Test func `a daemon that says nothing is waited for no longer than the limit`() throws {
        let run = try Performance(["status"], against: [.silence], replyLimit: 50)
        #expect(run.status == .unreachable)
        #expect(run.errors.contains("does not answer"))
    }

    @Test func `where there is no socket the message names it and what to do`() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        for argument in [folder, folder + "/"] {
            let run = Performance(["status", "--runtime-directory", argument])
            #expect(run.status == .unreachable)
            #expect(
                run.errors == """
                    twostep: twostepd cannot be reached at \(folder)/admin.sock: No such file or directory.
                    Is twostepd running? Start it: systemctl start twostepd

                    """)
        }
        let document = try Performance(["status", "--json", "--runtime-directory", folder]).document()
        #expect((document["error"] as? NSDictionary)?["code"] as? String == "unreachable")
    }

    @Test func `a path that is too long for a socket is no crash`() {
        let run = Performance(["status", "--runtime-directory", "/" + String(repeating: "x", count: 200)])
        #expect(run.status == .unreachable)
    }
}
