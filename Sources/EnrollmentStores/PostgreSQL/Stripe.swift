internal import Authentication

/// Which of the store's locks stands for an account or a host.
enum Stripe {
    static func of(_ account: AccountName) -> Int64 { number(of: "a\(account.text)") }

    static func of(host prefix: String) -> Int64 { number(of: "h\(prefix)") }

    /// FNV-1a of 64 bits: daemons of all versions must come to the same number.
    private static func number(of text: String) -> Int64 {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return Int64(hash % ServerSchema.stripes)
    }

    /// Takes these for the rest of the transaction, in the order of their ids, whatever order they came in.
    static func lock(_ ids: some Sequence<Int64>) -> ServerQuery {
        ServerQuery(ServerStatements.lock, [.integers(Set(ids).sorted())])
    }
}
