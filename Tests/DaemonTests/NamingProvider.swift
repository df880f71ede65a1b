import Authentication
import Glibc

/// A provider with users of its own: the password `as NAME` proves that name, anything else nothing.
struct NamingProvider: AuthProvider {
    let id = ProviderID("naming")
    let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    let speaksOfAccounts = false
    let refusal = "No."
    var createsCredentials = false
    /// Holds every proof up.
    var barrier: Barrier?

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        barrier?.pass()
        let text = input?.withField { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } ?? ""
        guard text.hasPrefix("as "), let name = AccountName(String(text.dropFirst(3))) else {
            return .rejected(.wrongPassword)
        }
        return .proved(name, isWaived: false)
    }
}

/// Where a thread stops until it is let go: two pipes, so that nobody has to wait and look.
final class Barrier: Sendable {
    private let arrival: (Int32, Int32)
    private let leave: (Int32, Int32)

    init() {
        arrival = Barrier.pipe()
        leave = Barrier.pipe()
    }

    private static func pipe() -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        _ = unsafe Glibc.pipe(&ends)
        return (ends[0], ends[1])
    }

    /// Says that it is here, and stays until it is let go.
    func pass() {
        var byte: UInt8 = 1
        _ = unsafe write(arrival.1, &byte, 1)
        _ = unsafe read(leave.0, &byte, 1)
    }

    /// Returns when somebody is here.
    func waitForArrival() {
        var byte: UInt8 = 0
        _ = unsafe read(arrival.0, &byte, 1)
    }

    /// Lets one go.
    func open() {
        var byte: UInt8 = 1
        _ = unsafe write(leave.1, &byte, 1)
    }

    deinit { for end in [arrival.0, arrival.1, leave.0, leave.1] { close(end) } }
}
