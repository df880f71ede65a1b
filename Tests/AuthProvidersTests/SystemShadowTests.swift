import AuthProviders
import Authentication
import Glibc
import Testing

@Suite(.enabled(if: geteuid() == 0, "a private /etc/shadow is root's to have"))
struct SystemShadowTests {
    private enum Answer: Equatable {
        case hash(String)
        case nobody
        case failure(ShadowFailure)
    }

    private static func ask(_ name: String, in shadow: String, asNobody: Bool = false) throws -> Answer {
        let account = try account(name)
        return try withPrivateShadow(shadow, asNobody: asNobody) {
            do throws(ShadowFailure) {
                guard let hash = try SystemShadow().hash(of: account) else { return .nobody }
                return .hash(hash.withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) })
            } catch {
                return .failure(error)
            }
        }
    }

    static let shadow = """
        root:*:19000:0:99999:7:::
        alice:$6$salt$hash:19000:0:99999:7:::
        locked:!$6$salt$hash:19000:0:99999:7:::
        aged:$6$salt$hash:1:0:1:0:0:1:
        empty::19000:0:99999:7:::

        """

    @Test(arguments: [
        ("alice", "$6$salt$hash"), ("locked", "!$6$salt$hash"), ("aged", "$6$salt$hash"), ("empty", ""), ("root", "*"),
    ])
    func `reads the field as it stands, however old it is`(name: String, field: String) throws {
        #expect(try Self.ask(name, in: Self.shadow) == .hash(field))
    }

    @Test(arguments: ["bob", "Alice", "alic", "alice2"])
    func `finds nobody else`(name: String) throws {
        #expect(try Self.ask(name, in: Self.shadow) == .nobody)
    }

    @Test func `reads a file of ten thousand`() throws {
        let many = (0..<10_000).map { "user\($0):$6$salt$\($0):19000:0:99999:7:::\n" }.joined()
        #expect(try Self.ask("user9999", in: Self.shadow + many) == .hash("$6$salt$9999"))
    }

    @Test func `does not take a file that it may not read for one without the account`() throws {
        for name in ["alice", "bob"] {
            #expect(try Self.ask(name, in: Self.shadow, asNobody: true) == .failure(.notReadable))
        }
    }

    @Test func `finds nobody in an empty file`() throws {
        #expect(try Self.ask("alice", in: "") == .nobody)
    }
}
