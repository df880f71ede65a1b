import Authentication
import AuthenticationTesting
import Testing

@Suite("All stores keep the contract")
struct ContractTests {
    @Test(arguments: EnrollmentStoreContract.rules)
    func `the SQLite store keeps the rule`(_ rule: EnrollmentStoreContract.Rule) throws {
        let place = try SQLitePlace()
        try rule.check(StoreBench(place))
    }

    @Test(arguments: EnrollmentStoreContract.rules)
    func `the PostgreSQL store keeps the rule`(_ rule: EnrollmentStoreContract.Rule) throws {
        try rule.check(StoreBench(ServerPlace()))
    }

    @Test(arguments: EnrollmentStoreContract.rules)
    func `the store in memory keeps the rule`(_ rule: EnrollmentStoreContract.Rule) throws {
        try rule.check(StoreBench(InMemoryPlace()))
    }
}
