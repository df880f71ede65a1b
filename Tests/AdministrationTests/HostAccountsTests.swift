import Administration
import Testing

@Suite struct HostAccountsTests {
    @Test func `the system's users and groups are found by name`() throws {
        #expect(try HostAccounts().uid(ofUser: "root") == 0)
        #expect(try HostAccounts().gid(ofGroup: "root") == 0)
    }

    @Test func `what is not there is nothing, and no error`() throws {
        #expect(try HostAccounts().uid(ofUser: "no-such-user-here") == nil)
        #expect(try HostAccounts().gid(ofGroup: "no-such-group-here") == nil)
    }
}
