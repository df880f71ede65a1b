import Authentication
import Testing

extension EnrollmentStoreContract {
    /// Accounts page by page, for lists and reports.
    static let paging = [
        Rule("gives everybody of whom there is anything once, by the bytes of their names") { bench in
            let names = ["Zoe", "a", "aa", "ab", "alice", "b", "bob", "zoé", "ärger"]
            for (index, name) in names.enumerated() {
                let account = try StoreBench.account(name)
                switch index % 4 {
                case 0:
                    try bench.enrol(account)
                    try bench.enrol(account, device: "tablet")
                case 1: try bench.answer("wrong", by: account)
                case 2: try bench.store.note([AccountActivity(account: account, unenrolledAt: 5000)])
                default: _ = try bench.store.block(AccountBlock(account: account, reason: "left", since: 7000))
                }
            }
            let whole = try bench.store.page(after: nil, atMost: 100)
            #expect(whole.accounts.map(\.text) == names)
            #expect(whole.next == nil)
            #expect(whole.devices.count == 6)
            #expect(whole.counters.map(\.account.text).sorted() == ["a", "b"])
            #expect(whole.activities.map(\.account.text) == ["aa", "bob"])
            #expect(whole.blocks.map(\.account.text) == ["ab", "zoé"])
            for limit in 1...(names.count + 1) {
                var found: [String] = []
                var devices = 0
                var after: String?
                repeat {
                    let page = try bench.store.page(after: after, atMost: limit)
                    #expect(page.accounts.count <= limit)
                    #expect(page.next == nil || page.next == page.accounts.last?.text)
                    found += page.accounts.map(\.text)
                    devices += page.devices.count
                    after = page.next
                } while after != nil && found.count <= names.count
                #expect(found == names, "\(limit) at a time")
                #expect(devices == 6, "\(limit) at a time")
            }
        },
        Rule("begins after a name whether or not anybody has it") { bench in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            #expect(try bench.store.page(after: "alicf", atMost: 5).accounts == [bench.bob])
            #expect(try bench.store.page(after: "bob", atMost: 5).accounts.isEmpty)
        },
    ]
}
